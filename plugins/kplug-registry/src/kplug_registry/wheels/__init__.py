"""Wheels, read without running or importing anything in them.

Data flows in this order::

    files of the archive, with limits    archive
    its list of files                    record
    what it declares                     metadata, entry_points, bindings, code, declared
    all of it                            reading
    many wheels                          reading_ahead
    its code where it is installed       code_hashes
"""

from kplug_registry.wheels.code_hashes import list_code_hashes as list_code_hashes
from kplug_registry.wheels.declared import (
    DeclaredComponent as DeclaredComponent,
    read_declared as read_declared,
)
from kplug_registry.wheels.reading import WheelContents as WheelContents, read_wheel as read_wheel
from kplug_registry.wheels.reading_ahead import read_wheels as read_wheels
