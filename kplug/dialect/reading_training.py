"""Reads the arguments of ``compile`` from the configurations of any Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from kplug.dialect.names import Names
from kplug.dialect.reading_components import read_component
from kplug.dialect.training_structure import KINDS, map_identifiers
from kplug.errors import WeightsError

# Each takes up to a few milliseconds; a model with a hundred outputs has a few hundred.
_MOST_COMPONENTS = 2000


def read_training(
    config: object,
    custom_objects: Mapping[str, Any] | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the arguments of ``compile`` from a ``compile_config`` or a ``training_config``.

    Args:
        config: The configuration.
        custom_objects: Classes and functions of the caller, by name.
        rows: The component table of its file.

    Raises:
        WeightsError: It has another form, contains code, or names thousands of losses and metrics.
    """
    if not isinstance(config, Mapping):
        raise WeightsError(f"the training configuration is {type(config).__name__}, not a dict")
    names = Names.of(custom_objects, rows=rows)
    found: list[object] = []
    for name in KINDS:
        map_identifiers(config.get(name), found.append)
    if len(found) > _MOST_COMPONENTS:
        raise WeightsError(
            f"the training configuration names {len(found)} losses and metrics; "
            f"at most {_MOST_COMPONENTS} are read",
            hint="Load the model with compile=False and compile it in code.",
        )
    arguments: dict[str, Any] = {
        name: map_identifiers(config.get(name), partial(read_component, kind, names=names))
        for name, kind in KINDS.items()
    }
    arguments["loss_weights"] = config.get("loss_weights")
    given = config.get("optimizer", config.get("optimizer_config"))
    if given is not None:
        arguments["optimizer"] = read_component("optimizer", given, names)
    if config.get("jit_compile") == "auto":
        # True and False are Keras's resolution of "auto" for the backend that wrote the file.
        arguments["jit_compile"] = "auto"
    return {name: value for name, value in arguments.items() if value is not None}
