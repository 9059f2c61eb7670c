"""Training in several processes: each takes its share of every batch, all make the same update."""

from kplug.training.distribution.merging import agree as agree, merge_progress as merge_progress
from kplug.training.distribution.replicas import replicate as replicate
from kplug.training.distribution.sharing import (
    SharedSource as SharedSource,
    share_source as share_source,
)
from kplug.training.distribution.world import (
    World as World,
    find_world as find_world,
    reporting_lost_workers as reporting_lost_workers,
)
