"""``keras.preprocessing``: data preparation under its Keras names."""

from kplug.exports import export_names
from kplug.preprocessing import image as image, sequence as sequence
from kplug.utils.folder_datasets import (
    image_dataset_from_directory as image_dataset_from_directory,
    text_dataset_from_directory as text_dataset_from_directory,
)
from kplug.utils.timeseries import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)

export_names(globals())
