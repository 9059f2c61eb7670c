"""Proof that no arithmetic of Keras stands under a test: what would do it is barred from running."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

# Entry points through which every object of the kind does its work.
_ENTRIES = (
    ("keras.src.constraints.constraints", "Constraint", ("__call__",)),
    ("keras.src.initializers.initializer", "Initializer", ("__call__",)),
    ("keras.src.losses.loss", "Loss", ("__init__", "__call__")),
    ("keras.src.metrics.metric", "Metric", ("__init__", "__call__", "update_state", "result")),
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer", ("__init__", "apply")),
    (
        "keras.src.optimizers.schedules.learning_rate_schedule",
        "LearningRateSchedule",
        ("__call__",),
    ),
    ("keras.src.regularizers.regularizers", "Regularizer", ("__call__",)),
    ("keras.src.layers.layer", "Layer", ("__init__", "__call__")),
)
_MODULES = ("keras.src.activations.activations", "keras.src.losses.losses")


class KerasUnderTestError(AssertionError):
    """A test reached Keras's own implementation of what it tests."""


def bar_keras() -> None:
    """Make Keras's components and the functions of its losses and activations raise when they are used."""
    for path, name, methods in _ENTRIES:
        owner = getattr(importlib.import_module(path), name)
        for cls in (owner, *_all_subclasses(owner)):
            for method in methods:
                if method in vars(cls):
                    setattr(cls, method, _barrier(f"{cls.__module__}.{cls.__name__}.{method}"))
    barriers = {
        function: _barrier(f"{path}.{name}")
        for path in _MODULES
        for name, function in vars(importlib.import_module(path)).items()
        if isinstance(function, types.FunctionType) and function.__module__ == path
    }
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "keras":
            _replace(module, barriers)


def _replace(module: types.ModuleType, barriers: dict[Any, Any]) -> None:
    """Put the barriers wherever the module has imported a function."""
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType) and value in barriers:
            setattr(module, name, barriers[value])


def _all_subclasses(owner: type) -> set[type]:
    direct: set[type] = set(owner.__subclasses__())
    return direct.union(*(_all_subclasses(one) for one in direct))


def _barrier(what: str) -> Any:
    def refuse(*arguments: object, **keywords: object) -> None:
        raise KerasUnderTestError(f"{what} was used: Keras's arithmetic stands under this test")

    return refuse
