"""Reads the batches of both CIFAR datasets, which store the channels first."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kplug import config
from kplug_datasets.restricted_pickles import read_pickle
from kplug_datasets.source_files import Samples


def read_batches(paths: list[Path], label_key: bytes) -> tuple[Samples, Samples]:
    """Return pictures of shape (n, 32, 32, 3), or K's data format, and labels of shape (n, 1), uint8."""
    batches = [read_pickle(path) for path in paths]
    pictures = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([batch[label_key] for batch in batches]).astype("uint8")
    if config.image_data_format() == "channels_last":
        pictures = pictures.transpose(0, 2, 3, 1)
    return pictures, labels.reshape(-1, 1)
