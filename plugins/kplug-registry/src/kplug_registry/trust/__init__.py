"""Whether a site is what its publisher signed: The Update Framework (TUF), by python-tuf.

Data flows in this order::

    who may sign           keys → roots
    what a site holds      site_signer → signing
    what a client takes    fetching, tuf_refusals → verified_site
"""
