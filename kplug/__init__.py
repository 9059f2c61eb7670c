"""kplug: Keras-shaped models on PyTorch, in which every component comes from a plugin.

Imports are lazy: each name below is loaded on first use, so a plugin's light module or the command line
can ``import kplug`` without loading torch.
"""

from __future__ import annotations

# Facts about all components in kplug: see `kplug.non_mutating` and `kplug.complete_config`.
__kplug_non_mutating__ = True
__kplug_complete_config__ = True
__kplug_output_count__ = 1  # of layers, where their classes say nothing else

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    SOURCE_SUFFIXES,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kplug import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        dtype_policies,
        errors,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        names,
        ops,
        optimizers,
        random,
        regularizers,
        saving,
        schedules,
        tree,
        utils,
    )
    from kplug.backend import device, name_scope
    from kplug.backend.variables import Variable
    from kplug.components.layouts import channels_first
    from kplug.dtype_policies import DTypePolicy
    from kplug.errors import *  # noqa: F403 - each error is `kplug.DataError` too
    from kplug.errors import KplugError
    from kplug.graph import KerasTensor
    from kplug.hookspecs import hookimpl, hookspec
    from kplug.initializers import Initializer
    from kplug.layers import Input, InputSpec, Layer, RematScope, lora, merge_lora, remat
    from kplug.losses import Loss
    from kplug.metrics import Metric
    from kplug.models import Model, Sequential, load_model
    from kplug.optimizers import Optimizer
    from kplug.registry import (
        Component,
        Example,
        Finding,
        Kind,
        Package,
        Range,
        Resolved,
        Section,
        SettingsTable,
        Spec,
        Verdict,
        audit,
        complete_config,
        example,
        factory,
        find_lack_of_age,
        find_refusal,
        function,
        get_kind,
        hash_code,
        idle_arguments,
        keep_recalls,
        keras_class,
        list_built_ins,
        lookup_key,
        metric_named,
        named,
        non_mutating,
        parse_spec,
        prefer,
        read_settings_tables,
        register,
        reload,
        renamed_arguments,
        resolve,
        scope,
        search_ranges,
        unregister,
    )
    from kplug.registry.candidates.published_versions import PublishedVersion
    from kplug.registry.source_code import SourceCode
    from kplug.regularizers import Regularizer, penalize

_HOMES = {
    "kplug.backend": ("device", "name_scope"),
    "kplug.backend.variables": ("Variable",),
    "kplug.dtype_policies": ("DTypePolicy",),
    "kplug.errors": ("KplugError",),
    "kplug.graph": ("KerasTensor",),
    "kplug.hookspecs": ("hookimpl", "hookspec"),
    "kplug.initializers": ("Initializer",),
    "kplug.layers": ("Input", "InputSpec", "Layer", "RematScope", "lora", "merge_lora", "remat"),
    "kplug.components.layouts": ("channels_first",),
    "kplug.losses": ("Loss",),
    "kplug.metrics": ("Metric",),
    "kplug.models": ("Model", "Sequential", "load_model"),
    "kplug.optimizers": ("Optimizer",),
    "kplug.registry": (
        "Component",
        "Example",
        "Finding",
        "Kind",
        "Package",
        "Range",
        "Resolved",
        "Section",
        "SettingsTable",
        "Spec",
        "Verdict",
        "audit",
        "complete_config",
        "example",
        "factory",
        "find_lack_of_age",
        "find_refusal",
        "function",
        "get_kind",
        "hash_code",
        "idle_arguments",
        "keep_recalls",
        "keras_class",
        "list_built_ins",
        "lookup_key",
        "metric_named",
        "named",
        "non_mutating",
        "parse_spec",
        "prefer",
        "read_settings_tables",
        "register",
        "reload",
        "renamed_arguments",
        "resolve",
        "scope",
        "search_ranges",
        "unregister",
    ),
    "kplug.registry.candidates.published_versions": ("PublishedVersion",),
    "kplug.registry.source_code": ("SourceCode",),
    "kplug.regularizers": ("Regularizer", "penalize"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "1.0.0rc1"

__all__ = [
    "Component",
    "DTypePolicy",
    "Example",
    "Finding",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Kind",
    "KplugError",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Package",
    "PublishedVersion",
    "Range",
    "Regularizer",
    "RematScope",
    "Resolved",
    "Section",
    "Sequential",
    "SettingsTable",
    "SourceCode",
    "Spec",
    "Variable",
    "Verdict",
    "activations",
    "audit",
    "backend",
    "callbacks",
    "channels_first",
    "complete_config",
    "config",
    "constraints",
    "device",
    "dtype_policies",
    "errors",
    "example",
    "factory",
    "find_lack_of_age",
    "find_refusal",
    "function",
    "get_kind",
    "hash_code",
    "hookimpl",
    "hookspec",
    "idle_arguments",
    "initializers",
    "keep_recalls",
    "keras_class",
    "layers",
    "list_built_ins",
    "load_model",
    "lookup_key",
    "lora",
    "losses",
    "merge_lora",
    "metric_named",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "named",
    "names",
    "non_mutating",
    "ops",
    "optimizers",
    "parse_spec",
    "penalize",
    "prefer",
    "random",
    "read_settings_tables",
    "register",
    "regularizers",
    "reload",
    "remat",
    "renamed_arguments",
    "resolve",
    "saving",
    "schedules",
    "scope",
    "search_ranges",
    "tree",
    "unregister",
    "utils",
]


_LENT = "kplug.registry.names.lent_modules"
_TAKING = ("layers", "models", "utils")  # packages that are lent names


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
    elif name in __all__:
        value = importlib.import_module(f"kplug.{name}")
    elif name.endswith(("Error", "Warning")):
        value = _find_error(name)
    else:
        value = _find_lent(name)
    globals()[name] = value
    return value


def _find_lent(name: str) -> Any:
    """Return a module lent by another distribution, such as ``kplug.datasets``."""
    if _is_own(name):  # not a public name, so the registry need not be asked
        raise AttributeError(f"module 'kplug' has no attribute {name!r}")
    return importlib.import_module(_LENT).get_lent(name)


def _is_own(name: str) -> bool:
    """Whether a name belongs to kplug itself, so that no distribution lends a module under it."""
    if name.startswith("_") or name in _OWN:
        return True
    return PathFinder.find_spec(f"kplug.{name}", globals()["__path__"]) is not None


class _LentModules:
    """Meta-path finder of lent modules; Python calls it last.

    ``from kplug.layers import …`` asks it for a name that the package lacks, and gets the reason.
    """

    @staticmethod
    def find_spec(
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG004 - Python passes it
        target: ModuleType | None = None,  # noqa: ARG004 - and this
    ) -> ModuleSpec | None:
        """Return the spec of a lent module directly in kplug, or None."""
        root, _, name = fullname.partition(".")
        package, dot, _ = name.partition(".")
        if root != "kplug" or (package not in _TAKING if dot else _is_own(name)):
            return None
        found: ModuleSpec | None = importlib.import_module(_LENT).find_spec(name)
        return found


sys.meta_path.append(_LentModules)


class _OwnFolder(FileFinder):
    """Finder of the modules in kplug's folder, among which there are no namespace packages.

    An update may leave ``datasets/__pycache__`` behind, which would hide the lent module ``kplug.datasets``.
    """

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module that has a file, or None."""
        found = super().find_spec(fullname, target)
        return None if found is None or found.loader is None else found


for _folder in filter(os.path.isdir, globals()["__path__"]):  # it may be in an archive
    sys.path_importer_cache[_folder] = _OwnFolder(
        _folder, (SourceFileLoader, SOURCE_SUFFIXES), (SourcelessFileLoader, BYTECODE_SUFFIXES)
    )


def _find_error(name: str) -> Any:
    """Return an error under the name that tracebacks show: ``kplug.DataError``."""
    found = vars(importlib.import_module("kplug.errors")).get(name)
    if found is None:
        raise AttributeError(f"module 'kplug' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return [*__all__, *importlib.import_module(_LENT).list_names(), "__version__"]


_OWN = frozenset((*globals(), *_HOME_OF, *__all__))
