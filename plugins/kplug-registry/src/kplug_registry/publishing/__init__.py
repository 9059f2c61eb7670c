"""Atomic changes to a site that others read and write concurrently.

Data flows in this order::

    one writer, and a journal        transactions
    releases, added and withdrawn    attestation_check → release_changes
    releases, recalled; advisories   notice_changes
    the registry's own results       attested_results
    owners, added and removed        owner_changes
    names, allowed and reserved      name_changes
    another root                     root_changes
    a new site                       site_creation
    pages, written again             page_check → page_writing
    verification                     page_check → site_check
"""

from kplug_registry.publishing.attested_results import attest as attest, list_hashes as list_hashes
from kplug_registry.publishing.name_changes import (
    allow_libraries as allow_libraries,
    allow_names as allow_names,
    list_names as list_names,
    reserve_names as reserve_names,
)
from kplug_registry.publishing.notice_changes import advise as advise, recall as recall
from kplug_registry.publishing.owner_changes import (
    add_owner as add_owner,
    distrust_publisher as distrust_publisher,
    list_owners as list_owners,
    list_pending as list_pending,
    remove_owner as remove_owner,
    trust_pending_publisher as trust_pending_publisher,
    trust_publisher as trust_publisher,
)
from kplug_registry.publishing.page_writing import write_pages as write_pages
from kplug_registry.publishing.release_changes import (
    publish as publish,
    yank as yank,
)
from kplug_registry.publishing.root_changes import change_root as change_root
from kplug_registry.publishing.site_check import verify as verify
from kplug_registry.publishing.site_creation import create_site as create_site
