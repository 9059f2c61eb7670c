"""Draws the components of wheels, where the plugins are installed.

Data flows in this order::

    what is installed here                  installed_plugins
    a process that draws                    worker, svg → drawing_process
    the pictures of a wheel's components    picture_maker
"""

from kplug_registry.drawing.picture_maker import PictureMaker as PictureMaker
