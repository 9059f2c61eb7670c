"""``tree``: Keras's functions for values nested in lists, tuples and dicts.

A *leaf* is any value other than a list, tuple, dict or deque; None is a leaf. Dicts are traversed in the
order of their sorted keys, an ``OrderedDict`` in its own order. Structures are equal if their leaves have
the same places and their containers the same types; all types of dict count as one.

Reference:
    ``keras.tree`` with the torch backend. A subclass of a list is a container, too, and becomes a list.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kplug.errors import DataError
from kplug.support.exports import export_names

_Path = tuple[Any, ...]


class MAP_TO_NONE:  # noqa: N801 - Keras's name
    """The result with which a function of `traverse` replaces a part by None."""


def is_nested(structure: object) -> bool:
    """Return whether a value is a list, a tuple, a dict or a deque, an empty one included.

    Example:
        >>> is_nested([]), is_nested("text"), is_nested(None)
        (True, False, False)
    """
    return isinstance(structure, (list, tuple, dict, deque))


def flatten(structure: object) -> list[Any]:
    """Return the leaves of a value in a list.

    Example:
        >>> flatten({"b": [1, (2, None)], "a": 0})
        [0, 1, 2, None]
    """
    return [leaf for _, leaf in _walk(structure, ())]


def flatten_with_path(structure: object) -> list[tuple[_Path, Any]]:
    """Return the leaves of a value, each with its path of indices and keys.

    Example:
        >>> flatten_with_path({"b": [1], "a": 0})
        [(('a',), 0), (('b', 0), 1)]
    """
    return list(_walk(structure, ()))


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Return a structure like the first one, with the results of ``func`` for the leaves of each place.

    Args:
        func: Takes one leaf of each structure.
        structures: One or more values, nested in the same way.
        none_is_leaf: Whether ``func`` is called with None, too; otherwise None stays None.

    Raises:
        DataError: The structures differ, or there is none.

    Example:
        >>> map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
        {'x': [11, 22]}
    """
    _require_any(structures)

    def call(*leaves: Any) -> Any:
        if any(map(is_nested, leaves)):
            raise _refuse(leaves[0], next(leaf for leaf in leaves if is_nested(leaf)))
        return None if leaves[0] is None and not none_is_leaf else func(*leaves)

    return _map(call, structures, lambda part: not is_nested(part))


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Return a structure like ``shallow_structure``, with the results of ``func`` for the parts there.

    Args:
        shallow_structure: Sets the depth; its leaves are not passed to ``func``.
        func: Takes a part of each structure, which may be nested further.
        structures: One or more values.

    Raises:
        DataError: A structure lacks places of the shallow one, or there is none.

    Example:
        >>> map_structure_up_to([0, 0], len, [[1, 2], (3,)])
        [2, 1]
    """
    _require_any(structures)
    everything = (shallow_structure, *structures)
    return _map(lambda _, *parts: func(*parts), everything, lambda part: not is_nested(part))


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure in which ``func`` replaces each shape, a tuple or list of integers and Nones.

    Example:
        >>> map_shape_structure(len, {"a": (2, 3), "b": [(None, 4, 5)]})
        {'a': 2, 'b': [3]}
    """

    def is_shape(part: object) -> bool:
        return isinstance(part, (list, tuple)) and all(
            one is None or isinstance(one, int) for one in part
        )

    return _map(func, (structure,), lambda part: is_shape(part) or not is_nested(part))


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """Return the elements of a flat sequence, nested like ``structure``.

    Raises:
        DataError: There are more or fewer elements than leaves.

    Example:
        >>> pack_sequence_as({"b": [0, 0], "a": 0}, [1, 2, 3])
        {'b': [2, 3], 'a': 1}
    """
    wanted = len(flatten(structure))
    if wanted != len(flat_sequence):
        raise DataError(
            f"pack_sequence_as: the structure has {wanted} leaves, and flat_sequence has "
            f"{len(flat_sequence)} elements",
            hint="Give one element a leaf, in the order of tree.flatten.",
        )
    elements = iter(flat_sequence)
    return _map(lambda _: next(elements), (structure,), lambda part: not is_nested(part))


def assert_same_structure(a: Any, b: Any) -> None:
    """Check that two values are nested in the same way.

    Raises:
        DataError: They are not.

    Example:
        >>> assert_same_structure([1, {"x": 2}], [3, {"x": 4}])
    """
    map_structure(lambda *_: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that the leaves of two values have the same paths, whatever the types of the containers.

    Raises:
        DataError: They have not; it lists the paths that only one has.

    Example:
        >>> assert_same_paths([1, (2, 3)], (4, [5, 6]))
    """
    of_a, of_b = ({path for path, _ in _walk(each, ())} for each in (a, b))
    if of_a != of_b:
        only_a, only_b = (sorted(paths, key=repr) for paths in (of_a - of_b, of_b - of_a))
        raise DataError(
            f"the paths of two structures differ: only the first has {only_a}, only the second {only_b}"
        )


def lists_to_tuples(structure: Any) -> Any:
    """Return a copy with tuples in the place of lists.

    Example:
        >>> lists_to_tuples([1, {"a": [2]}])
        (1, {'a': (2,)})
    """
    return traverse(
        lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False
    )


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Return a copy in which ``func`` replaces each part, whether container or leaf.

    Args:
        func: Takes a part. Returning None keeps the part and descends into it; `MAP_TO_NONE` makes it None.
        structure: The value.
        top_down: Whether ``func`` visits a container before its parts; parts of a replaced one are skipped.

    Example:
        >>> traverse(lambda part: sum(part) if isinstance(part, tuple) else None, [(1, 2), (3, 4)])
        [3, 7]
    """
    made = func(structure) if top_down else None
    if made is None:
        made = structure
        if is_nested(structure):
            keys = _list_keys(structure)
            parts = [traverse(func, structure[key], top_down) for key in keys]
            made = _rebuild(structure, keys, parts)
        if not top_down:
            replaced = func(made)
            made = made if replaced is None else replaced
    return None if made is MAP_TO_NONE else made


def _map(
    function: Callable[..., Any], structures: Sequence[Any], is_leaf: Callable[[Any], bool]
) -> Any:
    first, *others = structures
    if is_leaf(first):
        return function(*structures)
    keys = _list_keys(first)
    for other in others:
        if _container(other) is not _container(first) or set(_list_keys(other)) != set(keys):
            raise _refuse(first, other)
    parts = [_map(function, [each[key] for each in structures], is_leaf) for key in keys]
    return _rebuild(first, keys, parts)


def _walk(structure: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
    if not is_nested(structure):
        yield path, structure
        return
    for key in _list_keys(structure):
        yield from _walk(structure[key], (*path, key))


def _list_keys(structure: Any) -> list[Any]:
    if not isinstance(structure, dict):
        return list(range(len(structure)))
    if isinstance(structure, OrderedDict):
        return list(structure)
    try:
        return sorted(structure)
    except TypeError:  # keys of several types
        return sorted(structure, key=lambda key: (type(key).__qualname__, key))


def _container(structure: object) -> type | None:
    """Return the type by which containers are compared; None for a leaf."""
    for one in (dict, list, deque):
        if isinstance(structure, one):
            return one
    return type(structure) if is_nested(structure) else None


def _rebuild(structure: Any, keys: list[Any], parts: list[Any]) -> Any:
    if isinstance(structure, dict):
        made = dict(zip(keys, parts, strict=True))
        ordered = {key: made[key] for key in structure}
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, ordered)
        return OrderedDict(ordered) if isinstance(structure, OrderedDict) else ordered
    if isinstance(structure, deque):
        return deque(parts, structure.maxlen)
    if isinstance(structure, list):
        return parts
    return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)


def _require_any(structures: tuple[Any, ...]) -> None:
    if not structures:
        raise DataError("there is no structure to map", hint="Give one after the function.")


def _refuse(first: object, other: object) -> DataError:
    return DataError(
        f"two structures are not nested in the same way: {_describe(first)} stands where the other has "
        f"{_describe(other)}",
        hint="Leaves must have the same places, and containers the same types.",
    )


def _describe(part: Any) -> str:
    kind = type(part).__name__
    if isinstance(part, dict):
        return f"a {kind} with the keys {_list_keys(part)}"
    return f"a {kind} of {len(part)}" if is_nested(part) else f"a leaf of type {kind}"


export_names(globals())
