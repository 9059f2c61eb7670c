"""Registries of kplug plugins: static sites that are built, published to and installed from.

Data flows in this order::

    format of a site       site_format/
    contents of a wheel    wheels/
    files of a site        building/
    changes to a site      publishing/
    a site over HTTP       serving/
    command line           commands/, plugin
"""
