"""Prepares data for kplug: layers of images, categories and texts, and datasets of the files in a folder.

It is ``kplug.preprocessing``, too, with Keras's names.
"""

# Facts about all components in this package: see `kplug.non_mutating` and `kplug.complete_config`.
__kplug_non_mutating__ = True
__kplug_complete_config__ = True
__kplug_output_count__ = 1

from kplug_preprocessing import image as image, sequence as sequence
from kplug_preprocessing.folder_datasets import (
    image_dataset_from_directory as image_dataset_from_directory,
    text_dataset_from_directory as text_dataset_from_directory,
)
from kplug_preprocessing.timeseries import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)

__all__ = [
    "image_dataset_from_directory",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
