"""Storage of a site's files, with one writer at a time.

Data flows in this order::

    common interface                 site_storage
    a folder                         folder
    a store of objects               object_store_lock → object_store
    choice by address                addresses
"""

from kplug_registry.storage.addresses import open_storage as open_storage
from kplug_registry.storage.folder import Folder as Folder, explaining as explaining
from kplug_registry.storage.site_storage import (
    WORKPLACE as WORKPLACE,
    SiteStorage as SiteStorage,
    Turn as Turn,
)
