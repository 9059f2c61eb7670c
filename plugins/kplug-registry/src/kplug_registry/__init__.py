"""Registries of kplug plugins: static sites that are built, published to and installed from.

Data flows in this order::

    what a site holds      site_format/
    what a wheel says      wheels/
    files of a site        building/
    changes to a site      publishing/
    a site over HTTP       serving/
    what users type        commands/, plugin
"""
