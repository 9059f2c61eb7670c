"""Changes to a site that others read and write meanwhile: all of a change becomes visible, or nothing.

Data flows in this order::

    one writer, and a journal        transactions
    releases, added and withdrawn    changes
    a new site                       creation
    is all of it true?               verification
"""

from kplug_registry.publishing.changes import (
    publish as publish,
    yank as yank,
)
from kplug_registry.publishing.creation import create_site as create_site
from kplug_registry.publishing.verification import verify as verify
