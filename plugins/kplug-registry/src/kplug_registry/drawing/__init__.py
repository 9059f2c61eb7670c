"""Draws the components of wheels, where the plugins are installed.

Data flows in this order::

    installed plugins                       installed_plugins
    drawing process                         worker → drawing_process
    the pictures of a wheel's components    picture_maker
    facts about a wheel                     statements
"""

from kplug_registry.drawing.picture_maker import PictureMaker as PictureMaker
from kplug_registry.drawing.statements import add_pictures as add_pictures, make_facts as make_facts
