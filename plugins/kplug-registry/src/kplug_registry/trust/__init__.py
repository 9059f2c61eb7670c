"""Signatures of a site, by The Update Framework (TUF) and python-tuf.

Data flows in this order::

    keys and roots         keys → roots
    signing of a site      site_signer → obsolete_files → signing
    verification           http_session → fetching, tuf_refusals → verified_site
"""
