"""``keras.backend`` of Keras 2: kplug's functions, also for symbolic tensors, and the old ones."""

from __future__ import annotations

from typing import Any

from kplug import backend as kplug_backend
from kplug_keras2.symbolic import (
    backend_internals,
    functions,
    phase,
    sizes,
    tensor_functions,
    updates,
)
from kplug_keras2.symbolic.backend_internals import taking_old_arguments
from kplug_keras2.symbolic.connecting import connecting
from kplug_keras2.symbolic.function_layer import FunctionLayer

# They only inspect symbolic tensors, or do not compute with tensors.
_PLAIN = (
    *("count_params", "dtype", "int_shape", "is_keras_tensor", "is_placeholder", "is_sparse"),
    *("is_tensor", "name_scope", "ndim"),
)
_VARIABLES = ("ones", "random_normal_variable", "random_uniform_variable", "variable", "zeros")
_OWN = {
    phase: ("in_test_phase", "in_train_phase"),
    tensor_functions: (
        *(
            "batch_dot",
            "depth_to_space",
            "extract_image_patches",
            "moments",
            "pattern_broadcast",
            "slice",
        ),
    ),
}


def _connect_all() -> dict[str, Any]:
    found: dict[str, Any] = {
        name: getattr(kplug_backend, name) for name in vars(kplug_backend)["__all__"]
    }
    for module, names in _OWN.items():
        found.update({name: getattr(module, name) for name in names})
    found.update({name: updates.make_variable(found[name]) for name in _VARIABLES})
    for name, function in found.items():
        is_plain = isinstance(function, type) or not callable(function) or name in _PLAIN
        found[name] = function if is_plain else taking_old_arguments(connecting(function))
    return found


def backend() -> str:
    """Return ``'tensorflow'``, the Keras 2 backend whose layouts and kernels kplug shares.

    Scripts branch on it between Theano's and TensorFlow's conventions. kplug computes with torch.
    """
    return "tensorflow"


def get_session() -> Any:
    """Return a session whose ``run`` reads tensors: ``K.get_session().run(tensor)``."""
    return _Session()


class _Session:
    """A TensorFlow session, limited to reading tensors."""

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """Return the values of one or several tensors; symbolic ones need the values of their inputs."""
        feeds = feed_dict or {}
        several = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
        found = functions.function(list(feeds), several)(list(feeds.values()))
        return found if isinstance(fetches, (list, tuple)) else found[0]


def set_session(session: object) -> None:
    """Do nothing: there are no sessions to configure."""
    del session


def is_keras_tensor(x: Any) -> bool:
    """Return whether a tensor comes from a layer or ``Input``, not from a function."""
    found = kplug_backend.is_keras_tensor(x)
    return found and not isinstance(x.layer, FunctionLayer)


_functions = {
    **_connect_all(),
    **backend_internals.NAMES,
    "backend": backend,
    "function": functions.function,
    "get_session": get_session,
    "gradients": functions.gradients,
    "is_keras_tensor": is_keras_tensor,
    "learning_phase": phase.learning_phase,
    "moving_average_update": updates.moving_average_update,
    "placeholder": functions.placeholder,
    "rnn": taking_old_arguments(tensor_functions.rnn),
    "set_session": set_session,
    "shape": sizes.shape,
    "update": updates.update,
    "update_add": updates.update_add,
    "update_sub": updates.update_sub,
}
globals().update(_functions)
__all__ = [*_functions]
