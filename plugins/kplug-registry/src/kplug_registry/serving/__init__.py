"""A registry over HTTP, and uploads to it: what ``kplug serve`` runs. The extra ``serve`` has its libraries.

Data flows in this order::

    the site that is served               served_sites
    tokens, and what was uploaded         database → tokens, audit_log
    one upload                            upload_limits → upload_form → uploads
    routes, and their description         site_files, openapi → application
    a process with a socket               server
"""
