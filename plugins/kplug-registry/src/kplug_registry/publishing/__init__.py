"""Atomic changes to a site that others read and write concurrently.

Data flows in this order::

    one writer, and a journal        transactions
    releases, added and withdrawn    release_changes
    releases, recalled; advisories   notice_changes
    owners, added and removed        owner_changes
    names, allowed and reserved      name_changes
    another root                     root_changes
    a new site                       site_creation
    verification                     page_check → site_check
"""

from kplug_registry.publishing.name_changes import (
    allow_names as allow_names,
    list_names as list_names,
    reserve_names as reserve_names,
)
from kplug_registry.publishing.notice_changes import advise as advise, recall as recall
from kplug_registry.publishing.owner_changes import (
    add_owner as add_owner,
    list_owners as list_owners,
    remove_owner as remove_owner,
)
from kplug_registry.publishing.release_changes import (
    publish as publish,
    yank as yank,
)
from kplug_registry.publishing.root_changes import change_root as change_root
from kplug_registry.publishing.site_check import verify as verify
from kplug_registry.publishing.site_creation import create_site as create_site
