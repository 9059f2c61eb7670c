"""Small helpers around training: seeds, class labels, normalization, pictures of models."""

from __future__ import annotations

from kplug.models.diagram import plot_model
from kplug.utils.arrays import normalize, to_categorical
from kplug.utils.seeds import set_random_seed
from kplug.utils.summaries import print_summary

__all__ = ["normalize", "plot_model", "print_summary", "set_random_seed", "to_categorical"]
