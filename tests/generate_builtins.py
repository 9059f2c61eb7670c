"""Write the tables of kplug/builtins, from the components themselves: ``python -m tests.generate_builtins``.

What a family exports outside its machine is a component. Its name is the class's in snake case, a
layer's as it is, unless ``@kplug.named`` gives another; its summary is the first line of its
documentation. A table names its targets as text, so that listing what there is imports no torch.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

from kplug.callbacks import Callback
from kplug.components.configurable import declared_name
from kplug.initializers import RandomInitializer
from kplug.layers import Layer, TorchModule, Wrapper
from kplug.models import Model
from kplug.registry import KINDS, Kind
from kplug.registry.component import find_names, find_summary
from kplug.registry.component_facts import find_metric_names
from kplug.registry.kinds import BUILT_IN_KINDS
from kplug.utils.serialized_objects import BASE_CLASSES

FOLDER = Path(__file__).resolve().parents[1] / "kplug" / "builtins"

PAGE = '''"""The {plural} that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
{rows}
)
# fmt: on
COMPONENTS = {{component.name: component for component in _ROWS}}
'''

# Where the components of a kind are exported, if not by its own family alone.
_PACKAGES = {"layer": ("kplug.layers", "kplug.models")}
# What the components of a kind derive from; activations are functions.
_BASES = {**BASE_CLASSES, "layer": Layer, "callback": Callback}
# Exported classes outside the machine that are no components.
_LEFT_OUT = (Model, RandomInitializer, TorchModule, Wrapper)


def make_table(kind: Kind) -> str:
    """Return the module that offers the built-in components of a kind."""
    rows = {
        target: (name, names)
        for target, name in _find_exports(kind).items()
        for names in [find_names(target) or (_default_name(kind, target),)]
    }
    if kind.name == "metric":
        losses = _find_exports(KINDS["loss"])
        rows |= {
            loss: (losses[loss], names) for loss in losses if (names := find_metric_names(loss))
        }
    ordered = sorted(rows.items(), key=lambda row: row[1][1][0].casefold())
    lines = [_format_row(kind, target, *row) for target, row in ordered]
    return PAGE.format(plural=kind.plural, rows="\n".join(lines))


def _find_exports(kind: Kind) -> dict[Any, str]:
    """Return the components that a family exports, each with the name of the object in its module."""
    found: dict[Any, str] = {}
    for package in _PACKAGES.get(kind.name, (f"kplug.{kind.plural}",)):
        for name, value in vars(importlib.import_module(package)).items():
            if _is_component(kind, value) and found.get(value) != value.__name__:
                found[value] = name
    return found


def _is_component(kind: Kind, value: object) -> bool:
    if kind.name == "activation":
        return inspect.isfunction(value) and next(iter(inspect.signature(value).parameters)) == "x"
    if not inspect.isclass(value) or not issubclass(value, _BASES[kind.name]):
        return False
    return value not in _LEFT_OUT and {"adapt", "base"}.isdisjoint(value.__module__.split("."))


def _default_name(kind: Kind, target: Any) -> str:
    is_kept = kind.name in ("activation", "layer")
    return str(target.__name__) if is_kept else declared_name(target)


def _format_row(kind: Kind, target: Any, attribute: str, names: tuple[str, ...]) -> str:
    name, *aliases = names
    if kind.name == "initializer":
        aliases.append(f"{attribute}V2")  # tf-keras has written each class with this suffix, too
    arguments = [name, f"{target.__module__}:{attribute}", *([tuple(aliases)] if aliases else [])]
    texts = ", ".join(map(_quote, arguments))
    return f"    Component({texts}, summary={_quote(find_summary(target))}),"


def _quote(value: object) -> str:
    """Write a text, or a tuple of texts, as the formatter would."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_quote, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for each in BUILT_IN_KINDS.values():
        (FOLDER / f"{each.plural}.py").write_text(make_table(each), encoding="utf-8")
