"""Utilities for data and training: labels, sequences, images, seeds and diagrams."""

from kplug.backend import (
    clear_session as clear_session,
    disable_interactive_logging as disable_interactive_logging,
    enable_interactive_logging as enable_interactive_logging,
    is_interactive_logging_enabled as is_interactive_logging_enabled,
    is_keras_tensor as is_keras_tensor,
    standardize_dtype as standardize_dtype,
)
from kplug.models.diagram.plotting import plot_model as plot_model
from kplug.models.summary.printing import print_summary as print_summary
from kplug.support.exports import export_names
from kplug.training.data.packing import (
    pack_x_y_sample_weight as pack_x_y_sample_weight,
    unpack_x_y_sample_weight as unpack_x_y_sample_weight,
)
from kplug.training.data.py_dataset import PyDataset as PyDataset, Sequence as Sequence
from kplug.utils.component_plot import plot_component as plot_component
from kplug.utils.custom_objects import (
    CustomObjectScope as CustomObjectScope,
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
    register_keras_serializable as register_keras_serializable,
)
from kplug.utils.files import get_file as get_file
from kplug.utils.images import (
    array_to_img as array_to_img,
    img_to_array as img_to_array,
    load_img as load_img,
    save_img as save_img,
)
from kplug.utils.learning_rate import find_learning_rate as find_learning_rate
from kplug.utils.numerical import normalize as normalize, to_categorical as to_categorical
from kplug.utils.progress import Progbar as Progbar
from kplug.utils.seeds import set_random_seed as set_random_seed
from kplug.utils.sequences import pad_sequences as pad_sequences
from kplug.utils.serialized_objects import (
    deserialize_keras_object as deserialize_keras_object,
    get_registered_object as get_registered_object,
    serialize_keras_object as serialize_keras_object,
)
from kplug.utils.source_inputs import get_source_inputs as get_source_inputs
from kplug.utils.splitting import split_dataset as split_dataset

export_names(globals(), takes_lent=True)
