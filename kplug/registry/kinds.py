"""`Kind`: the record of a kind of component; ten are kplug's own, and plugins add others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kplug.registry.component import TARGET, UNKNOWN_ORIGIN, Origin
from kplug.registry.errors import RegistrationError, UnknownKindError
from kplug.registry.quoting import quote, with_article
from kplug.registry.suggestions import did_you_mean

_WORD = re.compile("[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Kind:
    """The properties of a kind of component.

    Args:
        name: The singular, as in messages and specs.
        plural: The plural, as in the entry-point group ``kplug.<plural>`` and in hooks of kplug's own kinds.
        leading: Parameter names that a callable *of this kind* starts with; a registered callable
            that starts with them is the component itself, not a factory of one.
        vocabulary: Other names that such parameters go by. A callable that uses them could be
            either, so its author is asked to say which.
        adapter: ``"module:function"`` that checks the contract and wraps bare callables: it takes the built
            object and returns the one to use. It is imported when a component of the kind is first resolved.
            Without one, every object is accepted unchanged.
        default: The component that ``None`` means, if any.
        slots: Parameter names that hold a component of this kind inside another component, besides its
            name and its plural.
        suite: ``"module:object"`` of the ``kplug_authoring.Suite`` that components have to pass in
            ``kplug check``.
        origin: The distribution that adds it; filled in by the registry.

    Raises:
        RegistrationError: for a name or plural that is not a word, or a fact of another type.

    Example:
        >>> Kind("augmentation", "augmentations", leading=("image",)).group
        'kplug.augmentations'
    """

    name: str
    plural: str
    leading: tuple[str, ...] = ()
    vocabulary: frozenset[str] = frozenset()
    adapter: str = ""
    default: str | None = None
    slots: tuple[str, ...] = ()
    suite: str = ""
    origin: Origin = field(default=UNKNOWN_ORIGIN)

    def __post_init__(self) -> None:
        for fact in ("name", "plural"):
            self._require(fact, _is_word, "It is a word in small letters: [a-z][a-z0-9_]*.")
        for fact in ("leading", "slots"):
            self._require(fact, _are_words, "It is a tuple of names of parameters.")
        self._require("vocabulary", _is_vocabulary, "It is a frozenset of names of parameters.")
        for fact in ("adapter", "suite"):
            self._require(fact, _is_target, "It is 'package.module:object', or empty.")

    def _require(self, fact: str, is_right: Callable[[object], bool], hint: str) -> None:
        value = getattr(self, fact)
        if not is_right(value):
            message = f"the {fact} of the kind {quote(self.name)} is {quote(value)}"
            raise RegistrationError(message, hint=hint)

    @property
    def hook(self) -> str:
        """Name of the hook that offers components of this kind."""
        return f"kplug_{self.plural}" if self.origin.is_built_in else "kplug_components"

    @property
    def group(self) -> str:
        """Entry-point group of the static tier."""
        return f"kplug.{self.plural}"

    @property
    def with_article(self) -> str:
        """The name with its article: ``an optimizer``, ``a loss``."""
        return with_article(self.name)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _are_words(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


def _is_vocabulary(value: object) -> bool:
    return isinstance(value, frozenset) and all(isinstance(one, str) for one in value)


def _is_target(value: object) -> bool:
    return value == "" or (isinstance(value, str) and TARGET.fullmatch(value) is not None)


_OWN = Origin("kplug")
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
    return Kind(name, plural, leading, vocabulary, adapter, default, slots, origin=_OWN)


BUILT_IN_KINDS: dict[str, Kind] = {
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

# A subcommand of `kplug`: offered, found and loaded like components, but not part of a model.
COMMAND = Kind("command", "commands", adapter="kplug.cli.commands:as_command", origin=_OWN)
HOOKED = {**BUILT_IN_KINDS, COMMAND.name: COMMAND}  # what has a hook of its own


class _Kinds(Mapping[str, Kind]):
    """All kinds by name. kplug's own are found without asking plugins, which cannot replace them."""

    def __init__(self) -> None:
        self.ask: Callable[[], Mapping[str, Kind]] = lambda: (
            BUILT_IN_KINDS
        )  # the registry, when it is there

    def __getitem__(self, name: str) -> Kind:
        return BUILT_IN_KINDS.get(name) or self.ask()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ask())

    def __len__(self) -> int:
        return len(self.ask())


KINDS = _Kinds()
_BY_PLURAL = {kind.plural: kind for kind in BUILT_IN_KINDS.values()}


def get_kind(name: str) -> Kind:
    """Return the record of a kind by its singular or plural name.

    Example:
        >>> get_kind("losses").group
        'kplug.losses'

    Raises:
        UnknownKindError: if there is no such kind.
    """
    kind = find_kind(name)
    if kind is None:
        known = [word for kind in KINDS.values() for word in (kind.name, kind.plural)]
        hint = f"{did_you_mean(name, known)} Kinds: {', '.join(KINDS)}."
        raise UnknownKindError(f"there is no kind {quote(name)}", hint=hint.lstrip())
    return kind


def find_kind(name: str) -> Kind | None:
    """Return the record of a kind by its singular or plural name, or None if there is no such kind."""
    kind = BUILT_IN_KINDS.get(name) or _BY_PLURAL.get(name)
    added = () if kind is not None else KINDS.values()
    return next((one for one in added if name in (one.name, one.plural)), kind)


def find_kind_of_slot(parameter: str, kinds: Mapping[str, Kind] = BUILT_IN_KINDS) -> Kind | None:
    """Return the kind that a parameter's name implies, such as ``kernel_initializer``.

    Args:
        parameter: The name.
        kinds: The kinds to consider, by default kplug's ten.

    Example:
        >>> find_kind_of_slot("kernel_initializer").name
        'initializer'
        >>> find_kind_of_slot("smooth") is None
        True
    """
    for kind in kinds.values():
        slots = (kind.name, kind.plural, *kind.slots)
        if any(parameter == slot or parameter.endswith(f"_{slot}") for slot in slots):
            return kind
    return None
