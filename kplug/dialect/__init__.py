"""Translates configurations between kplug and Keras 1, Keras 2, tf-keras and Keras 3.

kplug names a component by its qualified name, as in ``kplug/l2(l2=0.01)``. Keras 3 writes
``{"module", "class_name", "config", "registered_name"}``, Keras 2 ``{"class_name", "config"}``. What
Keras does not have is written as ``package>name``, the form in which Keras keeps registered classes.

``generations`` tells which Keras wrote a configuration, ``keras2`` says what older ones meant, ``reading_…``
turns theirs into ours and ``writing_…`` ours into theirs. The layers, losses and models of kplug know nothing
of generations.

Nothing that a file says is imported or run: a name is looked up among the installed components and
those of the caller.
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
