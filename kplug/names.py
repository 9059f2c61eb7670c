"""Typed names of components; calling one with arguments makes a spec.

Each kind has an object: ``names.loss.huber(delta=2.0)`` is the `Spec` of
``"huber(delta=2.0)"``, and ``names.LossName`` is the type of a loss's name. Type checkers accept any
text as a name, until ``kplug stubs`` writes stubs with the installed names and their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from kplug.registry import KINDS, REGISTRY, Kind, Spec, get_kind

InitializerName: TypeAlias = str
RegularizerName: TypeAlias = str
LossName: TypeAlias = str
OptimizerName: TypeAlias = str
ActivationName: TypeAlias = str
ConstraintName: TypeAlias = str
MetricName: TypeAlias = str
LayerName: TypeAlias = str
ScheduleName: TypeAlias = str
CallbackName: TypeAlias = str


class Names:
    """The names of one kind: each is an attribute that, when called, returns a spec with the arguments.

    A name that cannot be an attribute, such as a qualified one, is passed as text. Names are looked up only
    when the spec is used.

    Args:
        kind: The kind.

    Example:
        >>> print(Names("loss").dice_loss(smooth=1.0), Names("optimizer")("torch/adam", lr=0.1))
        dice_loss(smooth=1.0) torch/adam(lr=0.1)
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Spec:
        """Return the spec of a name given as text."""
        return Spec(name, args, kwargs)

    def __getattr__(self, name: str) -> Callable[..., Spec]:
        if name.startswith("_"):  # not a component, but a special attribute of Python
            raise AttributeError(name)

        def make_spec(*args: Any, **kwargs: Any) -> Spec:
            return Spec(name, args, kwargs)

        return make_spec

    def __dir__(self) -> Iterable[str]:
        components = REGISTRY.components(get_kind(self._kind))
        return {
            name
            for component in components
            if not component.is_qualified_only
            for name in (component.name, *component.aliases)
        }


initializer = Names("initializer")
regularizer = Names("regularizer")
loss = Names("loss")
optimizer = Names("optimizer")
activation = Names("activation")
constraint = Names("constraint")
metric = Names("metric")
layer = Names("layer")
schedule = Names("schedule")
callback = Names("callback")


def type_of_names(kind: Kind) -> str:
    """Return the name of the type of a kind's names.

    Example:
        >>> type_of_names(get_kind("loss"))
        'LossName'
    """
    return f"{kind.name.title().replace('_', '')}Name"


def __getattr__(name: str) -> Any:
    """Return the object or the type for a plugin's kind."""
    if name.startswith("_"):  # an import reads __path__, and must not ask all plugins
        raise AttributeError(f"module 'kplug.names' has no attribute {name!r}")
    for kind in KINDS.values():
        if name == kind.name:
            return Names(name)
        if name == type_of_names(kind):
            return str
    raise AttributeError(f"module 'kplug.names' has no attribute {name!r}")
