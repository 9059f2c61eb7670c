"""The HTTP server of a registry, with uploads (``kplug serve``). Needs the extra ``serve``.

Data flows in this order::

    the site that is served               served_sites, pulled_site
    tokens, and what was uploaded         database → tokens, audit_log
    tokens of identity providers          oidc → token_exchange
    one upload                            upload_limits → upload_form → uploads
    routes, and their description         site_files, openapi → application
    a process with a socket               certificates → server
"""
