"""Judges where the files of a distribution are put: those beyond its own packages are foreign.

It is asked about wheels before they are published, and by ``kplug doctor`` about installed plugins.
"""

from kplug_registry.placement.foreign_files import (
    ForeignFile as ForeignFile,
    PlacedFile as PlacedFile,
    find_foreign_entries as find_foreign_entries,
    find_foreign_files as find_foreign_files,
    list_packages as list_packages,
)
