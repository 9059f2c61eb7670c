"""`Component` and `Origin`: a component's facts before it is loaded, and its supplier."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

import importlib_metadata

from kplug.registry.errors import RegistrationError
from kplug.registry.lifecycle import Stage, find_fault
from kplug.registry.quoting import name_type, quote
from kplug.registry.ranges import Searched, check_ranges

Role = Literal["class", "function", "factory"]
Anything = TypeVar("Anything", bound=Callable[..., Any])

NAME = re.compile(r"[a-z][a-z0-9_]*|[A-Z][A-Za-z0-9]*")
TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

CUSTOM = "custom"  # the namespace of components from user code; no distribution may have it
BUILT_IN = ("kplug", "torch")
_ROLES = (*get_args(Role), None)
_TEXTS = ("name", "target", "summary", "successor", "example")
_ROLE_MARK = "__kplug_role__"
_NAMES_MARK = "__kplug_names__"


@dataclass(frozen=True, slots=True)
class Origin:
    """The supplier of a component.

    Args:
        distribution: Normalised name of the distribution, as printed, disabled, preferred and recorded.
        version: Version of that distribution.
        entry_point: ``group:name`` of the declaration, empty for code.
    """

    distribution: str
    version: str = ""
    entry_point: str = ""

    @property
    def is_built_in(self) -> bool:
        """Whether the component ships with kplug."""
        return self.distribution in BUILT_IN

    @property
    def is_custom(self) -> bool:
        """Whether the component was given as an object in the user's own code."""
        return self.distribution == CUSTOM

    @property
    def is_editable(self) -> bool:
        """Whether the distribution is installed from a working copy."""
        return bool(self._installed_from("dir_info").get("editable", False))

    @property
    def commit(self) -> str | None:
        """The version-control revision that the distribution was installed from, if recorded."""
        commit = self._installed_from("vcs_info").get("commit_id")
        return str(commit) if commit else None

    def _installed_from(self, section: str) -> dict[str, Any]:
        """Return a section of ``direct_url.json``, empty where it is missing or cannot be read."""
        if self.is_custom:
            return {}
        try:
            text = importlib_metadata.distribution(self.distribution).read_text("direct_url.json")
            return dict(json.loads(text or "{}").get(section, {}))
        except Exception:  # noqa: BLE001 - the file may hold anything, and only informs
            return {}

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


USER_CODE = Origin(CUSTOM)
UNKNOWN_ORIGIN = Origin("")


@dataclass(frozen=True, slots=True)
class Component:
    """One name that a plugin offers.

    Args:
        name: Declared name, ``snake_case`` or ``CapWords``.
        target: ``"package.module:object"``, imported when first used, or the object itself.
        aliases: Further names.
        role: The role of the object, where the names of its leading parameters do not show it:
            ``"class"`` and ``"factory"`` are called with the arguments of the spec,
            ``"function"`` is the component itself and takes them as keywords.
        summary: One line for listings. If empty, they show the first line of the docstring.
        lifecycle: ``experimental``, ``stable``, ``deprecated`` or ``archived``; None for that of its
            distribution.
        successor: What to use instead of what is deprecated or archived, as it is written.
        is_qualified_only: Whether the bare name means it only for users who prefer it. A library that
            shares names with built-ins sets this, to avoid a warning at each use of them.
        example: ``"package.module:object"`` of an `Example`, or of a dict of them by name.
        search_ranges: What is worth a search, by argument, as `kplug.search_ranges` states it: for objects of
            other libraries.
        kind: Filled in by the registry from the hook or the entry-point group.
        origin: Filled in by the registry.

    Raises:
        RegistrationError: for a name or target outside the grammar, or a fact of another type.

    Example:
        >>> Component("dice_loss", "kplug_segmentation:dice_loss").name
        'dice_loss'
    """

    name: str
    target: Any
    aliases: tuple[str, ...] = ()
    role: Role | None = None
    summary: str = ""
    lifecycle: Stage | None = None
    successor: str | None = None
    is_qualified_only: bool = False
    example: str | None = None
    search_ranges: Mapping[str, Searched] = field(default_factory=dict, hash=False)
    kind: str = ""
    origin: Origin = field(default=UNKNOWN_ORIGIN)

    def __post_init__(self) -> None:
        if isinstance(self.aliases, str):
            raise RegistrationError(
                f"the aliases of {quote(self.name)} are the text {quote(self.aliases)}",
                hint=f"Give a tuple: aliases=({quote(self.aliases)},)",
            )
        if (wrong := self._find_wrong_fact()) is not None:
            fact, hint = wrong
            value = quote(getattr(self, fact))
            raise RegistrationError(f"the {fact} of {quote(self.name)} is {value}", hint=hint)
        check_name(
            self.name
        )  # aliases are checked on discovery, where an invalid one is dropped alone
        if not isinstance(self.search_ranges, Mapping):
            raise RegistrationError(
                f"the search_ranges of {quote(self.name)} are {quote(self.search_ranges)}",
                hint="They are a dict: {'lr': kplug.Range(1e-5, 0.1, log=True)}.",
            )
        check_ranges(quote(self.name), self.search_ranges)
        for fact in _TEXTS:  # methods of a subclass of str would run wherever the text is read
            if isinstance(value := getattr(self, fact), str) and type(value) is not str:
                object.__setattr__(self, fact, str.__str__(value))

    def _find_wrong_fact(self) -> tuple[str, str] | None:
        if not isinstance(self.aliases, tuple):
            return "aliases", "Aliases are a tuple of names."
        if not all(isinstance(alias, str) for alias in self.aliases):
            return "aliases", "Aliases are a tuple of names."
        if isinstance(self.target, str) and TARGET.fullmatch(self.target) is None:
            return "target", "A target is 'package.module:object'."
        if self.role not in _ROLES:
            return "role", f"A role is one of {', '.join(map(repr, _ROLES))}."
        if not isinstance(self.summary, str):
            return "summary", "A summary is one line of text."
        if (fault := find_fault(self.lifecycle, None)) is not None:
            return "lifecycle", fault
        if self.successor is not None and not isinstance(self.successor, str):
            return "successor", "It is None, or the text that says what to use instead."
        if (fault := find_fault(self.lifecycle, self.successor)) is not None:
            return "successor", fault
        if not isinstance(self.is_qualified_only, bool):
            return "is_qualified_only", "It is True or False."
        if self.example is not None and TARGET.fullmatch(str(self.example)) is None:
            return "example", "It is None, or 'package.module:object'."
        return None

    @property
    def qualified_name(self) -> str:
        """``distribution/name``, which does not depend on what else is installed."""
        return f"{self.origin.distribution}/{self.name}"

    @property
    def location(self) -> str:
        """The place of the object, as ``module:name``."""
        if isinstance(self.target, str):
            return self.target
        module = getattr(self.target, "__module__", type(self.target).__module__)
        return f"{module}:{getattr(self.target, '__qualname__', type(self.target).__qualname__)}"


def check_name(name: object) -> None:
    """Refuse a name outside the grammar of declared names.

    Raises:
        RegistrationError: with the grammar.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RegistrationError(
            f"{quote(name)} cannot be the name of a component",
            hint="Names are snake_case ([a-z][a-z0-9_]*) or CapWords.",
        )


def factory(function: Anything) -> Anything:
    """Mark a callable as one that *makes* the component when called with the spec's arguments.

    Example:
        >>> @factory
        ... def my_loss(targets, outputs):
        ...     return lambda y_true, y_pred: (y_true - y_pred).abs()
        >>> find_role(my_loss)
        'factory'
    """
    return mark(function, _ROLE_MARK, "factory")


def function(function: Anything) -> Anything:
    """Mark a callable as one that *is* the component; the spec's arguments become keywords."""
    return mark(function, _ROLE_MARK, "function")


def named(*names: str) -> Callable[[Anything], Anything]:
    """Write the names of a component on its class or function.

    A hook that returns the object itself offers all of its names. Entry points and tables of targets import
    nothing, so they list the names again; kplug's own tables are generated from this mark.

    Args:
        names: The declared name, then its aliases.

    Raises:
        RegistrationError: for a name outside the grammar.

    Example:
        >>> @named("half_square", "hs")
        ... def half_square(y_true, y_pred):
        ...     return (y_true - y_pred).square() / 2
        >>> find_names(half_square)
        ('half_square', 'hs')
    """
    for name in names:
        check_name(name)
    return lambda target: mark(target, _NAMES_MARK, names)


def find_role(target: object) -> Role | None:
    """Return the author's mark, or None where there is none."""
    role: Role | None = own_attributes(target).get(_ROLE_MARK)
    return role


def find_names(target: object) -> tuple[str, ...]:
    """Return the names that `named` wrote on an object; empty without the mark."""
    return tuple(own_attributes(target).get(_NAMES_MARK, ()))


def find_summary(target: object) -> str:
    """Return the first line of the documentation of a class or function, without its markup."""
    is_documented = inspect.isclass(target) or inspect.isroutine(target)
    return first_line(inspect.cleandoc(target.__doc__ or "")) if is_documented else ""


def first_line(documentation: str) -> str:
    """Return the first line of a documentation, without its markup."""
    return documentation.partition("\n")[0].replace("`", "")


def own_attributes(target: object) -> Mapping[str, Any]:
    """Return an object's own attributes, without those of a class's bases."""
    # Not getattr: a subclass of a component is another component.
    return getattr(target, "__dict__", {})


def mark(target: Anything, attribute: str, value: object) -> Anything:
    """Write an attribute on a class or function, and return it.

    Raises:
        RegistrationError: if the object takes no attributes, like a function written in C.
    """
    try:
        setattr(target, attribute, value)
    except (AttributeError, TypeError) as error:
        raise RegistrationError(
            f"{getattr(target, '__name__', quote(target))} cannot be marked: Python sets no attributes of "
            f"{name_type(target)}",
            hint="Write a function that calls it, and mark that one.",
        ) from error
    return target
