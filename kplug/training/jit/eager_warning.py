"""The warning that a step runs eagerly: names the component and the line that cause it."""

from __future__ import annotations

import functools
import linecache
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from types import CodeType
from typing import Any, cast

import torch
from torch import nn

import kplug
from kplug.errors import EagerStepWarning
from kplug.layers.base.layer import Layer
from kplug.registry import Resolved
from kplug.registry.quoting import name_type
from kplug.registry.user_warnings import warn
from kplug.training.compiled import Compiled
from kplug.training.jit.graph_breaks import GraphBreak, Spot
from kplug.training.model_protocol import TrainableModel

_LIBRARIES = tuple(str(Path(each.__file__).parent) for each in (torch, kplug) if each.__file__)
# Cached: the lookup reads the record of every distribution.
_list_distributions = functools.cache(metadata.packages_distributions)
_HINTS = {
    "value": "Compute with tensors instead, such as torch.where(condition, a, b) for an if; "
    "docs/performance.md shows how. jit_compile=False trains without this warning.",
    "state": "Keep what changes in a tensor and change it in place; docs/performance.md shows how. "
    "jit_compile=False trains without this warning.",
    "other": "jit_compile=False trains without this warning.",
}


def warn_of_eager_step(
    title: str, reason: GraphBreak, model: TrainableModel, compiled: Compiled
) -> None:
    """Warn once that a step runs eagerly, and name the component, its package and the line of code."""
    subject = _find_component(reason, model, compiled)
    subject = subject or ("it" if reason.kind == "value" else "")
    what = f"{subject} {reason.what}".strip()
    place = _find_line(reason.spots)
    warn(
        f"the {title} of model {model.name!r} runs eagerly instead of compiled: {what}"
        f"{f' at {place}' if place else ''}. {_HINTS[reason.kind]}",
        EagerStepWarning,
    )


def _find_component(reason: GraphBreak, model: TrainableModel, compiled: Compiled) -> str:
    objects = _list_objects(model, compiled)
    by_id = {id(each): text for each, text in objects}
    by_code = {code: text for each, text in objects for code in _find_code(each)}
    for spot in reason.spots:
        text = by_code.get(spot.code) or by_id.get(id(spot.owner))
        if text:
            return text
    roots = [(text, name) for each, text in objects for name in _paths_of(each, model, compiled)]
    fitting = [text for text, name in roots if name and reason.path.startswith(name)]
    return fitting[0] if fitting else ""


def _list_objects(model: TrainableModel, compiled: Compiled) -> list[tuple[Any, str]]:
    """Return the components of a model and its layers with their descriptions; losses first."""
    found: list[tuple[Any, str]] = []
    for entry in compiled.losses:
        found.append((entry.loss, f"the loss {_name(entry.filled.resolved)}"))
    for named in compiled.metrics:
        found.append((named.metric, f"the metric {_name(named.filled.resolved)}"))
    for optimizer in (compiled.optimizer, model.built_optimizer):
        found.append((optimizer, f"the optimizer {_name(compiled.optimizer_slot.resolved)}"))
    whole: object = model
    for module in model.modules():
        if not isinstance(module, Layer):
            continue
        for name, slot in module.slots.items():
            if slot.resolved is not None:
                what = f"the {slot.kind} {_name(slot.resolved)}, {module.name}.{name},"
                found.append((slot.resolved.object, what))
        if module is not whole:
            package = describe_package(type(module).__module__)
            found.append((module, f"the layer {module.name!r}, {name_type(module)} ({package}),"))
    package = describe_package(type(model).__module__)
    return [*found, (model, f"the model's own code, {type(model).__name__} ({package}),")]


def _name(resolved: Resolved) -> str:
    """Return the qualified name of a component, and the package that supplied it."""
    origin = resolved.component.origin
    package = f"{origin.distribution} {origin.version}".strip()
    return f"{resolved.component.qualified_name} ({package})"


def _find_code(component: Any) -> Iterable[CodeType]:
    """Yield the code objects of a component and of the function that it wraps."""
    while isinstance(component, functools.partial):
        component = component.func
    for each in (component, getattr(component, "function", None)):
        code = getattr(each, "__code__", None)
        if code is not None:
            yield code


def _paths_of(component: Any, model: TrainableModel, compiled: Compiled) -> list[str]:
    entries: list[tuple[str, object]] = [
        (entry.filled.slot, entry.loss) for entry in compiled.losses
    ]
    entries += [(entry.filled.slot, entry.metric) for entry in compiled.metrics]
    found = [slot for slot, each in entries if each is component]
    for name, module in cast("nn.Module", model).named_modules():
        if module is component and name:
            found.append(
                "model." + "".join(f"_modules[{part!r}]." for part in name.split("."))[:-1]
            )
    return found


def describe_package(module: str) -> str:
    """Return the distribution that a module belongs to, with its version; else ``custom``."""
    top = module.partition(".")[0]
    if top == "__main__":
        return "custom"
    file = Path(getattr(sys.modules.get(module), "__file__", None) or "")
    for name in _list_distributions().get(top, []):
        found = metadata.distribution(name)
        # Wheels bring packages such as `tests`, too; a module of that name elsewhere is none of theirs.
        own = [Path(str(found.locate_file(one))) for one in (top, f"{top}.py")]
        is_editable = not any(one.exists() for one in own)
        if is_editable or any(file.is_relative_to(one) for one in own):
            return f"{name} {found.version}"
    return "custom"


def _find_line(spots: Sequence[Spot]) -> str:
    """Return the step's innermost line outside torch and kplug, or else in kplug, with its text."""
    torch_folder, own_folder = _LIBRARIES
    own = str(Path(__file__).parent)
    step: list[Spot] = []
    for spot in spots:
        if spot.code.co_filename.startswith(own) and step:
            break  # outer frames belong to the caller of fit
        if not spot.code.co_filename.startswith((torch_folder, own, "<")):
            step.append(spot)
    outside = [spot for spot in step if not spot.code.co_filename.startswith(own_folder)]
    chosen = outside or step
    return describe_line(chosen[0].code.co_filename, chosen[0].line) if chosen else ""


def describe_line(filename: str, number: int) -> str:
    """Return a place in a file with the text of the line."""
    text = linecache.getline(filename, number).strip()
    return f"{filename}:{number}" + (f" `{text}`" if text else "")
