"""Checks that an object can be called as its kind requires."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

from kplug.errors import ContractError
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.quoting import quote

_MOST_SIGNATURES = 1024
_SIGNATURES: dict[tuple[CodeType, bool], tuple[object, object, inspect.Signature | None]] = {}


def as_callable(candidate: object, kind: str, contract: str) -> Callable[[Any], Any]:
    """Return the callable for a component that is called with one tensor.

    Args:
        candidate: A callable, which is returned, or a class, which is instantiated without arguments.
        kind: The kind with its article, such as ``"a regularizer"``.
        contract: One sentence that describes the kind, for the message.

    Raises:
        ContractError: for anything else, and for a callable that needs more than the tensor.

    Example:
        >>> as_callable(abs, "an activation", "An activation is a callable (x).")(-2)
        2
    """
    if isinstance(candidate, type):
        candidate = instantiate(candidate, kind)
    if not callable(candidate):
        raise ContractError(f"{quote(candidate)} is not {kind}", hint=contract)
    check_call(candidate, (None,), {}, kind, contract)
    return candidate


def instantiate(owner: type, kind: str) -> object:
    """Call a class without arguments.

    Args:
        owner: The class.
        kind: The kind with its article, such as ``"a regularizer"``.

    Raises:
        ContractError: if it needs arguments, has abstract methods, or is a metaclass.
    """
    if issubclass(owner, type):
        raise ContractError(
            f"{owner.__name__} cannot be used as {kind}: its instances are classes",
            hint="Give the object itself, or its name.",
        )
    if inspect.isabstract(owner):
        missing = sorted(getattr(owner, "__abstractmethods__", ()))
        raise ContractError(
            f"{owner.__name__} cannot be used as {kind}: it has no {' and no '.join(missing)}",
            hint=f"A subclass writes {'them' if len(missing) > 1 else 'it'}.",
        )
    check_call(owner, (), {}, kind, f"Give an instance: {owner.__name__}(…).")
    return owner()


def find_class_of(function: object, classes: Mapping[Callable[..., Any], type]) -> type | None:
    """Return the class that stands for a plain function in a table, or None."""
    try:
        return classes.get(function)  # type: ignore[call-overload, no-any-return]
    except TypeError:  # a callable object that cannot be hashed
        return None


def check_call(
    function: Callable[..., Any],
    arguments: tuple[object, ...],
    keywords: Mapping[str, object],
    kind: str,
    hint: str,
) -> None:
    """Refuse a function whose signature does not accept these arguments, without calling it.

    Raises:
        ContractError: with the signature and the mismatch.
    """
    signature = find_signature(function)
    if signature is None:
        return
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        text = f"{name_of(function)}{_without_annotations(signature)}"
        raise ContractError(f"{text} cannot be used as {kind}: {error}", hint=hint) from None


def find_signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return the signature, or None for a function written in C that shows none.

    Reading a signature dominates the time of making a component from its name. The cache is keyed by code
    object, so functions from one factory share an entry.
    """
    owner, is_bound = _find_definition(function)
    if owner is None:
        return _read_signature(function)
    key = (owner.__code__, is_bound)
    known = _SIGNATURES.get(key)
    if known is None or known[0] is not owner.__defaults__ or known[1] is not owner.__kwdefaults__:
        if len(_SIGNATURES) >= _MOST_SIGNATURES:
            _SIGNATURES.clear()
        known = (owner.__defaults__, owner.__kwdefaults__, _read_signature(function))
        _SIGNATURES[key] = known
    return known[2]


def _find_definition(function: object) -> tuple[FunctionType | None, bool]:
    """Return the plain function that defines the signature, and whether its first argument is bound."""
    is_function = isinstance(function, FunctionType)
    owner = function if is_function else getattr(type(function), "__call__", None)  # noqa: B004
    if not isinstance(owner, FunctionType) or hasattr(owner, "__wrapped__"):
        return None, False
    if hasattr(owner, "__signature__") or hasattr(function, "__signature__"):
        return None, False
    return owner, not is_function


def _read_signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def _without_annotations(signature: inspect.Signature) -> inspect.Signature:
    empty = inspect.Parameter.empty
    parameters = [one.replace(annotation=empty) for one in signature.parameters.values()]
    return signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
