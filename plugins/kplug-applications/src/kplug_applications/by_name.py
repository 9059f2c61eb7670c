"""The architectures as components of the kind `model`: weights are random unless an argument says more."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from kplug_models.getting import require_download

import kplug_applications
from kplug import Model, factory


def __getattr__(name: str) -> Any:
    if name not in kplug_applications.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = _adapt(name, getattr(kplug_applications, name))
    return made


def _adapt(name: str, make: Callable[..., Model]) -> Callable[..., Model]:
    def make_by_name(*, weights: Any = None, **arguments: Any) -> Model:
        if weights == "imagenet":
            advice = (
                f"Or give the path of a file of Keras's weights, or call kplug.applications.{name}."
            )
            require_download(name, "weights='imagenet'", advice)
        return make(weights=weights, **arguments)

    signature = inspect.signature(make)
    # A symbolic tensor is no text.
    taken = [one for key, one in signature.parameters.items() if key != "input_tensor"]
    taken = [one.replace(default=None) if one.name == "weights" else one for one in taken]
    adapted = factory(wraps(make, updated=())(make_by_name))
    adapted.__qualname__ = name
    adapted.__signature__ = signature.replace(parameters=taken)  # type: ignore[attr-defined]
    return adapted
