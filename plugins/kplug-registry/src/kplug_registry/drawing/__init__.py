"""Draws the components of wheels, where the plugins are installed.

Data flows in this order::

    installed plugins                       installed_plugins
    drawing process                         worker, svg → drawing_process
    the pictures of a wheel's components    picture_maker
"""

from kplug_registry.drawing.picture_maker import PictureMaker as PictureMaker
