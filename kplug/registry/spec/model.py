"""`Spec`: a reference and its arguments, as frozen data, and the dict forms of it."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from kplug.registry.errors import SpecError, SpecLimitError
from kplug.registry.kinds import find_kind_of_slot
from kplug.registry.problems import describe_error
from kplug.registry.quoting import name_type, quote
from kplug.registry.spec.formatting import format_call, format_value

Value = Any  # None, bool, int, float, str, list, tuple, dict of these, or a nested Spec

MAX_BYTES = 4096
MAX_DEPTH = 16
# The component that a sum such as `0.5*dice + bce` stands for, with the arguments `terms` and `weights`.
SUM = "kplug/weighted_sum"

_DISTRIBUTION = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAME = r"[A-Za-z][A-Za-z0-9_-]*"
REF = re.compile(rf"(?:{_DISTRIBUTION}/)?{_NAME}")
_KERAS_REF = re.compile(rf"{_DISTRIBUTION}>{_NAME}")  # what `register_keras_serializable` names
_SEPARATOR = re.compile("[/>]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Keras 3 writes a class's module beside its name. kplug never imports by path, so it ignores these keys.
_KERAS_EXTRAS = frozenset({"module", "registered_name", "build_config", "name"})
# Classes in other packages are the user's own. Keras writes "builtins" for functions and data.
_OWN_PACKAGES = frozenset({"keras", "tf_keras", "kplug", "builtins"})
# Keras 3 writes data in the same form: these, arrays as "__numpy__", tensors as "__tensor__".
_KERAS_DATA = frozenset({"DTypePolicy", "FloatDTypePolicy", "OptimizerMap", "SeedGenerator"})


@dataclass(frozen=True, slots=True)
class Spec:
    """A reference to a component, with the arguments to make it.

    Args:
        ref: ``name``, ``distribution/name`` or Keras's ``package>name``, as written.
        args: Positional arguments.
        kwargs: Keyword arguments.
        is_config: Whether it is a configuration as Keras stores it: its keys need not be arguments of the
            constructor, and preferences do not affect its name. The text form does not show it, and
            equality ignores it.

    Raises:
        SpecError: for a reference or a keyword outside the grammar.
        SpecLimitError: for values nested deeper than 16.

    Example:
        >>> print(Spec("dice_loss", kwargs={"smooth": 1e-5}))
        dice_loss(smooth=1e-05)
    """

    ref: str
    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)
    is_config: bool = field(default=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_ref(self.ref)
        for key in self.kwargs:
            _check_key(key, self.ref)
        room = MAX_DEPTH - 1
        args = tuple(_normalise(value, room) for value in self.args)
        kwargs = {key: _normalise(value, room) for key, value in self.kwargs.items()}
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "kwargs", kwargs)

    @property
    def distribution(self) -> str | None:
        """Normalised distribution of a qualified reference, or Keras's package, else None."""
        head = _SEPARATOR.split(self.ref)[:-1]
        return canonicalize_name(head[0]) if head else None

    @property
    def is_registered_in_keras(self) -> bool:
        """Whether it has the form ``package>name``, registered in Keras by a plugin or the user's code."""
        return ">" in self.ref

    @property
    def name(self) -> str:
        """The reference without its distribution."""
        return _SEPARATOR.split(self.ref)[-1]

    def replace(self, /, **arguments: Value) -> Spec:
        """Return a spec with some arguments changed or added; the others stay.

        Example:
            >>> print(Spec("adam", kwargs={"lr": 0.1, "decay": 0.5}).replace(lr=0.2))
            adam(lr=0.2, decay=0.5)
        """
        room = MAX_DEPTH - 1
        read = {key: _read_argument(key, value, room) for key, value in arguments.items()}
        return Spec(self.ref, self.args, {**self.kwargs, **read}, self.is_config)

    def __str__(self) -> str:
        if not self.args and not self.kwargs:
            return self.ref
        if self.ref == SUM and _is_sum(self):
            return " + ".join(map(_format_term, self.kwargs["weights"], self.kwargs["terms"]))
        return format_call(self.ref, self.args, self.kwargs)

    def __kplug_format__(self) -> str:
        """Write the spec as a value inside another one."""
        if self.ref == SUM and _is_sum(self):
            refs = [term.ref for term in self.kwargs["terms"]]
            is_readable = all(map(_is_python_expression, refs))
            return str(self) if is_readable else format_call(self.ref, (), self.kwargs)
        if _is_python_expression(self.ref):
            return str(self)
        # "3d-losses/x" is no Python expression, so the parser could not find its end; the dict form is one.
        if self.args:
            raise SpecError(
                f"the positional arguments of the nested {quote(self.ref)} cannot be written as text",
                hint="Give them by keyword.",
            )
        return format_value({"name": self.ref, "args": dict(self.kwargs)})


def spec_from_dict(mapping: Mapping[str, Value], room: int = MAX_DEPTH) -> Spec:
    """Read one of the dict forms: kplug's ``{"name", "args"}``, or Keras's ``{"class_name", "config"}``.

    kplug's arguments may stand beside the name, too. Under an argument that implies a kind, such as
    ``learning_rate``, a dict with a name is a component as well.

    Args:
        mapping: The dict, as it comes from JSON, or a mapping of another library.
        room: The remaining levels of nesting.

    Raises:
        SpecError: for other keys, or values of other types.
        SpecLimitError: for more than 16 levels.

    Example:
        >>> print(spec_from_dict({"class_name": "L2", "config": {"l2": 0.01}}))
        L2(l2=0.01)
        >>> print(spec_from_dict({"name": "adam", "lr": {"name": "cosine_decay", "decay_steps": 9}}))
        adam(lr=cosine_decay(decay_steps=9))
    """
    if room < 1:
        raise too_deep()
    mapping = as_plain(mapping)
    if "class_name" in mapping:
        ref, arguments = _keras_parts(mapping)
    elif "name" in mapping and set(mapping) <= {"name", "args"}:
        ref, arguments = mapping["name"], as_plain(mapping.get("args")) or {}
    elif is_named(mapping) and "args" not in mapping:
        ref, arguments = mapping["name"], {k: v for k, v in mapping.items() if k != "name"}
    else:
        raise SpecError(
            f"a dict with the keys {quote(sorted(map(str, mapping)))} does not describe a component",
            hint="Give {'name': …, 'args': {…}}, {'name': …, 'argument': …} or Keras's "
            "{'class_name': …, 'config': {…}}.",
        )
    if not isinstance(arguments, Mapping):
        raise SpecError(
            f"the arguments of {quote(ref)} are {quote(arguments)}",
            hint="Give a dict of argument to value.",
        )
    _check_ref(ref)
    is_keras = "class_name" in mapping
    values = {
        key: _normalise(item, room - 1) if is_keras else _read_argument(key, item, room - 1)
        for key, item in arguments.items()
    }
    return Spec(ref, kwargs=values, is_config=is_keras)


_PLAIN = (type(None), str, int, float, dict, list, tuple, bytes, Spec)


def as_plain(value: Value) -> Value:
    """Return a mapping or a sequence of another library as a dict or a list; anything else as it is.

    Those of OmegaConf resolve their interpolations themselves. A model of pydantic is a mapping, too.

    Raises:
        SpecError: if it cannot be read.

    Example:
        >>> from types import MappingProxyType
        >>> as_plain(MappingProxyType({"name": "adam"})), as_plain("adam")
        ({'name': 'adam'}, 'adam')
    """
    if isinstance(value, _PLAIN):
        return value
    dump = getattr(type(value), "model_dump", None)
    try:
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, Sequence):
            return list(value)
        return dict(dump(value)) if callable(dump) and not callable(value) else value
    except Exception as error:  # a missing value or an interpolation, of any library
        raise SpecError(
            f"{name_type(value)} cannot be read: {describe_error(error)}",
            hint="Complete the configuration before it is used.",
        ) from error


def is_named(mapping: Mapping[Any, Value]) -> bool:
    """Whether a mapping is of kplug's forms, with the name of a component."""
    return isinstance(mapping.get("name"), str) and "class_name" not in mapping


def _read_argument(key: object, value: Value, room: int) -> Value:
    """Return an argument of one of kplug's forms, in which dicts with a name may be components."""
    if isinstance(key, str) and find_kind_of_slot(key) is not None:
        value = as_plain(value)
        if isinstance(value, dict) and is_named(value):
            return spec_from_dict(value, room)
        if isinstance(value, (list, tuple)) and room > 0:
            items = [_read_argument(key, item, room - 1) for item in value]
            value = items if isinstance(value, list) else tuple(items)
    return _normalise(value, room)


def _keras_parts(mapping: Mapping[str, Value]) -> tuple[Value, Value]:
    unknown = set(mapping) - _KERAS_EXTRAS - {"class_name", "config"}
    if unknown:
        raise SpecError(
            f"a dict with the keys {quote(sorted(map(str, mapping)))} does not describe a component",
            hint="Keras's form is {'class_name': …, 'config': {…}}.",
        )
    config = mapping.get("config") or {}
    if mapping["class_name"] == "function" and isinstance(config, str):
        return config, {}
    registered = mapping.get("registered_name")
    # tf-keras calls its own optimizers Custom>Adam, with this mark.
    is_own = isinstance(config, Mapping) and "is_legacy_optimizer" in config
    if isinstance(registered, str) and ">" in registered and not is_own:
        return registered, config
    class_name, module = mapping["class_name"], mapping.get("module")
    is_users = isinstance(module, str) and module.partition(".")[0] not in _OWN_PACKAGES
    if is_users and isinstance(class_name, str) and not _SEPARATOR.search(class_name):
        return f"custom/{class_name}", config  # never a built-in of the same name
    return class_name, config


def is_spec_mapping(value: object) -> bool:
    """Whether a value is a dict form of a component rather than plain data."""
    if not isinstance(value, dict):
        return False
    keys = set(value)
    if keys == {"name", "args"}:
        return True
    class_name = value.get("class_name")
    if isinstance(class_name, str) and (class_name.startswith("__") or class_name in _KERAS_DATA):
        return False
    return keys >= {"class_name", "config"} and keys - {"class_name", "config"} <= _KERAS_EXTRAS


def _normalise(value: Value, room: int) -> Value:
    """Turn dict forms inside a value into specs; refuse values nested too deeply."""
    if isinstance(value, Spec):
        if depth_of(value) > room:
            raise too_deep()
        return value
    if not isinstance(value, _PLAIN):
        value = as_plain(value)
    if not isinstance(value, (list, tuple, dict)):
        # A single nan object, so that specs containing it compare equal.
        return math.nan if isinstance(value, float) and math.isnan(value) else value
    if room < 1:
        raise too_deep()
    if isinstance(value, dict):
        if is_spec_mapping(value):
            return spec_from_dict(value, room)
        return {key: _normalise(item, room - 1) for key, item in value.items()}
    items = [_normalise(item, room - 1) for item in value]
    return items if isinstance(value, list) else tuple(items)


def depth_of(value: Value) -> int:
    """Return how many levels of specs and containers a value has; 0 for a plain literal."""
    if isinstance(value, Spec):
        return 1 + max(
            (depth_of(item) for item in (*value.args, *value.kwargs.values())), default=0
        )
    if isinstance(value, dict):
        return 1 + max((depth_of(item) for item in value.values()), default=0)
    if isinstance(value, (list, tuple)):
        return 1 + max((depth_of(item) for item in value), default=0)
    return 0


def _check_ref(ref: object) -> None:
    if not isinstance(ref, str) or not (REF.fullmatch(ref) or _KERAS_REF.fullmatch(ref)):
        raise SpecError(
            f"{quote(ref)} is not a reference to a component",
            hint="A reference is 'name' or 'distribution/name'.",
        )


def _check_key(key: object, ref: str) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or keyword.iskeyword(key):
        raise SpecError(
            f"{quote(key)} cannot be the name of an argument of {quote(ref)}",
            hint="Argument names are Python identifiers.",
        )


def _is_python_expression(ref: str) -> bool:
    words = re.split(r"[/.-]", ref)
    if ref in ("inf", "nan"):
        return False
    return all(word.isidentifier() and not keyword.iskeyword(word) for word in words)


def _is_sum(spec: Spec) -> bool:
    """Whether a spec of `SUM` is what the text of a sum reads as."""
    if spec.args or spec.kwargs.keys() != {"terms", "weights"}:
        return False
    terms, weights = spec.kwargs["terms"], spec.kwargs["weights"]
    if not (isinstance(terms, list) and isinstance(weights, list) and len(terms) == len(weights)):
        return False
    is_written = all(
        isinstance(term, Spec) and term.ref != SUM and ">" not in term.ref for term in terms
    )
    is_number = all(isinstance(one, float) and math.isfinite(one) for one in weights)
    return is_written and is_number and bool(terms) and weights != [1.0]


def _format_term(weight: float, term: Spec) -> str:
    return str(term) if weight == 1.0 else f"{float.__repr__(weight).removesuffix('.0')}*{term}"


def too_deep() -> SpecLimitError:
    """Return the error about too many levels."""
    return SpecLimitError(
        f"the spec is nested more than {MAX_DEPTH} levels deep",
        hint="Make the inner object in code and pass it instead of its text.",
    )
