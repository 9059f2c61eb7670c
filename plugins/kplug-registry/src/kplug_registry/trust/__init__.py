"""Signatures of a site, by The Update Framework (TUF) and python-tuf.

Data flows in this order::

    who may sign           keys → roots
    what a site holds      site_signer → signing
    what a client takes    fetching, tuf_refusals → verified_site
"""
