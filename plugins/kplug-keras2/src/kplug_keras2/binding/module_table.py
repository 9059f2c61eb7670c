"""Table of Keras 1's and 2's modules and the paths of their sources today."""

from __future__ import annotations

import functools
import importlib.util

_OURS, _KPLUG = "kplug_keras2.keras", "kplug"

# Paths of Keras's modules, and of their source modules here.
_PRESENT = (
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "utils",
    "wrappers",
)
_APPLICATIONS = (
    "densenet",
    "imagenet_utils",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "nasnet",
    "resnet",
    "resnet50",
    "resnet_v2",
    "vgg16",
    "vgg19",
    "xception",
)
_DATASETS = (
    "boston_housing",
    "california_housing",
    "cifar",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
)
_LAYERS = (
    "advanced_activations",
    "convolutional",
    "convolutional_recurrent",
    "core",
    "cudnn_recurrent",
    "embeddings",
    "local",
    "merge",
    "noise",
    "normalization",
    "pooling",
    "recurrent",
    "wrappers",
)
_UTILS = (
    "conv_utils",
    "data_utils",
    "generic_utils",
    "io_utils",
    "layer_utils",
    "multi_gpu_utils",
    "np_utils",
    "test_utils",
    "training_utils",
    "vis_utils",
    "visualize_util",
)
MODULES = {
    "": "",
    **{name: name for name in _PRESENT},
    **{f"applications.{name}": f"applications.{name}" for name in _APPLICATIONS},
    # Newer than keras-applications.
    **{f"applications.{name}": f"applications.{name}" for name in ("efficientnet", "mobilenet_v3")},
    **{f"datasets.{name}": f"datasets.{name}" for name in _DATASETS},
    **{f"layers.{name}": "layers" for name in _LAYERS},
    **{f"utils.{name}": "utils" for name in _UTILS},
    **{f"preprocessing.{name}": f"preprocessing.{name}" for name in ("image", "sequence", "text")},
    "backend.common": "backend",
    "backend.load_backend": "backend",
    "callbacks.callbacks": "callbacks",
    "callbacks.tensorboard_v1": "callbacks",
    "backend.tensorflow_backend": "backend",
    "engine": "engine",
    "engine.base_layer": "engine",
    "engine.input_layer": "engine",
    "engine.network": "engine",
    "engine.saving": "models",
    "engine.sequential": "engine",
    "engine.topology": "engine",
    "engine.training": "engine",
    "engine.training_utils": "engine",
    "initializations": "initializations",
    "legacy": "legacy",
    "legacy.interfaces": "legacy.interfaces",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "legacy.layers": "layers",
    "objectives": "losses",
    "optimizers.schedules": "optimizers.schedules",
    "saving": "saving",
    "utils.vis_utils": "utils",
    "wrappers.scikit_learn": "wrappers.scikit_learn",
}
# Modules whose submodules are imported eagerly, since programs access them by name.
_WITH_PARTS = ("applications",)


@functools.cache
def find_sources(path: str) -> tuple[str, ...]:
    """Return the source modules of a Keras module; none if there is no such module.

    Args:
        path: Its path in Keras, such as ``layers.core``.

    Returns:
        Names of modules, in order of precedence.
    """
    today = MODULES.get(path)
    if today is None:
        return ()
    if today.removeprefix("applications.") in _APPLICATIONS:
        return (f"keras_{today}",)
    candidates = (".".join(filter(None, (root, today))) for root in (_OURS, _KPLUG))
    # Of kplug itself, keras has only the packages, which contain all its names.
    return tuple(one for one in candidates if one != _KPLUG and _is_module(one))


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def list_parts(path: str, at_once: bool = False) -> list[str]:
    """Return the names of a module's submodules.

    Args:
        path: Its path in Keras.
        at_once: Only those imported eagerly.
    """
    if at_once and path not in _WITH_PARTS:
        return []
    start = f"{path}." if path else ""
    inner = (one[len(start) :] for one in MODULES if one.startswith(start) and one != path)
    return sorted(name for name in inner if "." not in name and find_sources(start + name))


def is_package(path: str) -> bool:
    """Return whether a module has submodules."""
    return bool(list_parts(path))
