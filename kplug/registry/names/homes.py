"""Where Keras's names and commands are that kplug leaves to distributions of its repository."""

from __future__ import annotations

from kplug.registry.lookup_keys import lookup_key

_PREPROCESSING = "kplug-preprocessing"
_REGISTRY = """advise attest facts fetch index install names outdated owner publish recall registry search
    serve token trust uninstall yank"""
_LAYERS = (
    "CategoryEncoding",
    "CenterCrop",
    "Discretization",
    "Hashing",
    "IntegerLookup",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "Resizing",
    "StringLookup",
    "TextVectorization",
)
_UTILS = (
    "image_dataset_from_directory",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
)
# The lending distribution of each module, by the module's name in kplug, and of each object.
LENT = {
    "applications": "kplug-applications",
    "datasets": "kplug-datasets",
    "models.get": "kplug-models",
    "preprocessing": _PREPROCESSING,
    "wrappers": "kplug-sklearn",
    **{f"layers.{name}": _PREPROCESSING for name in _LAYERS},
    **{f"utils.{name}": _PREPROCESSING for name in _UTILS},
}
COMMANDS = {
    **dict.fromkeys(("new", "add", "check", "schema", "stubs"), "kplug-authoring"),
    "demo": "kplug-demo",
    **dict.fromkeys(("numbers", "compare"), "kplug-numbers"),
    **dict.fromkeys(_REGISTRY.split(), "kplug-registry"),
}


def find_home(kind: str, name: str) -> str | None:
    """Return the distribution of a command or layer that kplug has left to it; None of anything else."""
    if kind == "layer":
        return _PREPROCESSING if lookup_key(name) in map(lookup_key, _LAYERS) else None
    return COMMANDS.get(name) if kind == "command" else None
