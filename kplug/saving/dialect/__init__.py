"""Between kplug's configurations and those that Keras writes: data in, data out.

kplug names a component by its qualified name, as in ``kplug/l2(l2=0.01)``. Keras 3 writes
``{"module", "class_name", "config", "registered_name"}``, Keras 2 ``{"class_name", "config"}``. What
Keras does not have is written as ``package>name``, the form in which Keras keeps registered classes.

Nothing that a file says is imported or run: a name is looked up among the installed components and
those of the caller.
"""

from kplug.saving.dialect.built_shapes import (
    find_built_shape as find_built_shape,
    write_built_shape as write_built_shape,
)
from kplug.saving.dialect.layers import write_model as write_model
from kplug.saving.dialect.models import read_model as read_model
from kplug.saving.dialect.text import encode as encode, parse_json as parse_json
from kplug.saving.dialect.training import (
    read_training as read_training,
    write_training as write_training,
)
from kplug.saving.dialect.writers import (
    KERAS_2 as KERAS_2,
    KERAS_3 as KERAS_3,
    Writer as Writer,
    find_writer as find_writer,
    looks_like_keras_2 as looks_like_keras_2,
)
