"""Translates configurations between kplug and Keras 1, Keras 2, tf-keras and Keras 3.

kplug names a component by its qualified name, as in ``kplug/l2(l2=0.01)``. Keras 3 writes
``{"module", "class_name", "config", "registered_name"}``, Keras 2 ``{"class_name", "config"}``. Components
that Keras lacks are written as ``package>name``, Keras's form for registered classes.

``generations`` detects which Keras wrote a configuration, ``keras2`` translates older ones, ``reading_…``
converts from Keras to kplug and ``writing_…`` back. kplug's layers, losses and models are independent of
generations.

Nothing in a file is imported or run: names are looked up among the installed components and those of
the caller.
"""

from kplug.dialect.generations import (
    KERAS_2 as KERAS_2,
    KERAS_3 as KERAS_3,
    Generation as Generation,
    find_generation as find_generation,
    looks_like_keras_2 as looks_like_keras_2,
)
from kplug.dialect.keras2.renamed_arguments import find_present_names as find_present_names
from kplug.dialect.reading_models import read_layer as read_layer, read_model as read_model
from kplug.dialect.reading_training import read_training as read_training
from kplug.dialect.writing_models import write_model as write_model
from kplug.dialect.writing_training import (
    write_optimizer as write_optimizer,
    write_training as write_training,
)
