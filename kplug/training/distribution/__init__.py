"""Training in several processes: each takes its share of every batch, all make the same update."""

from __future__ import annotations

from kplug.training.distribution.merging import agree, merge_progress
from kplug.training.distribution.replicas import replicate
from kplug.training.distribution.sharing import SharedSource, share_source
from kplug.training.distribution.world import World, find_world, reporting_lost_workers

__all__ = [
    "SharedSource",
    "World",
    "agree",
    "find_world",
    "merge_progress",
    "replicate",
    "reporting_lost_workers",
    "share_source",
]
