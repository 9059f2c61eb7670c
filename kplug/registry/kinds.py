"""The ten kinds of component, one record each."""

from __future__ import annotations

from dataclasses import dataclass

from kplug.registry.errors import UnknownKindError
from kplug.registry.quoting import quote
from kplug.registry.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one kind of component apart from the others.

    Args:
        name: Singular, as in messages and specs.
        plural: As in the hook ``kplug_<plural>`` and the entry-point group ``kplug.<plural>``.
        leading: Parameter names that a callable *of this kind* starts with; a registered callable
            that starts with them is the component itself, not a factory of one.
        vocabulary: Other names that such parameters go by. A callable that uses them could be
            either, so its author is asked to say which.
        adapter: ``"module:function"`` that checks the contract and wraps bare callables. It is
            imported when a component of the kind is first resolved.
        default: What ``None`` means, where it means a component.
        slots: Parameter names that hold a component of this kind inside another component.
    """

    name: str
    plural: str
    leading: tuple[str, ...]
    vocabulary: frozenset[str]
    adapter: str
    default: str | None = None
    slots: tuple[str, ...] = ()

    @property
    def hook(self) -> str:
        """Name of the hook that offers components of this kind."""
        return f"kplug_{self.plural}"

    @property
    def group(self) -> str:
        """Entry-point group of the static tier."""
        return f"kplug.{self.plural}"

    @property
    def with_article(self) -> str:
        """The name as a sentence wants it: ``an optimizer``, ``a loss``."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


_TARGETS = frozenset({"target", "targets", "label", "labels", "true", "truth", "y"})
_OUTPUTS = frozenset({"output", "outputs", "input", "inputs", "pred", "preds", "prediction"})
_PREDICTIONS = _OUTPUTS | {"predictions", "logits", "y_hat", "yhat"}
_MATRIX = frozenset({"w", "weight", "weights", "matrix", "kernel", "tensor", "x", "param"})


def _kind(
    name: str,
    plural: str,
    leading: tuple[str, ...] = (),
    vocabulary: frozenset[str] = frozenset(),
    default: str | None = None,
    slots: tuple[str, ...] = (),
) -> Kind:
    adapter = f"kplug.{plural}.adapt:as_{name}"
    return Kind(name, plural, leading, vocabulary, adapter, default, (name, plural, *slots))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("initializer", "initializers", ("shape",), frozenset({"size", "dims", "dimensions"})),
        _kind("regularizer", "regularizers", ("weight_matrix",), _MATRIX),
        _kind("loss", "losses", ("y_true", "y_pred"), _TARGETS | _PREDICTIONS),
        _kind("optimizer", "optimizers", ("params",), frozenset({"parameters"})),
        _kind(
            "activation",
            "activations",
            ("x",),
            _OUTPUTS | {"tensor", "z", "logits"},
            "kplug/linear",
        ),
        _kind("constraint", "constraints", ("weight_matrix",), _MATRIX),
        _kind("metric", "metrics", ("y_true", "y_pred"), _TARGETS | _PREDICTIONS),
        _kind("layer", "layers", ("inputs",)),
        _kind("schedule", "schedules", ("step",), slots=("learning_rate", "lr")),
        _kind("callback", "callbacks"),
    )
}

# A subcommand of `kplug`: offered, found and loaded as components are, but no part of a model.
COMMAND = Kind("command", "commands", (), frozenset(), "kplug.cli.commands:as_command")
HOOKED = {**KINDS, COMMAND.name: COMMAND}  # all that distributions may offer

_BY_NAME = HOOKED | {kind.plural: kind for kind in HOOKED.values()}


def get_kind(name: str) -> Kind:
    """Return the record of a kind by its singular or plural name.

    Example:
        >>> get_kind("losses").group
        'kplug.losses'

    Raises:
        UnknownKindError: if there is no such kind.
    """
    kind = _BY_NAME.get(name)
    if kind is None:
        hint = f"{did_you_mean(name, _BY_NAME)} Kinds: {', '.join(KINDS)}."
        raise UnknownKindError(f"there is no kind {quote(name)}", hint=hint.lstrip())
    return kind


def find_kind_of_slot(parameter: str) -> Kind | None:
    """Return the kind that a parameter's name announces, such as ``kernel_initializer``.

    Example:
        >>> find_kind_of_slot("kernel_initializer").name
        'initializer'
        >>> find_kind_of_slot("smooth") is None
        True
    """
    for kind in KINDS.values():
        if any(parameter == slot or parameter.endswith(f"_{slot}") for slot in kind.slots):
            return kind
    return None
