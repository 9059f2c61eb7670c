"""The HTTP server of a registry, with uploads (``kplug serve``). Needs the extra ``serve``.

Data flows in this order::

    the site that is served               served_sites
    tokens, and what was uploaded         database → tokens, audit_log
    one upload                            upload_limits → upload_form → uploads
    routes, and their description         site_files, openapi → application
    a process with a socket               server
"""
