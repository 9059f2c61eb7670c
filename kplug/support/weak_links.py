"""`WeakLink`: a weak reference that can be copied and pickled."""

from __future__ import annotations

import weakref
from typing import Any, Generic, TypeVar, final

Target = TypeVar("Target")


@final
class WeakLink(Generic[Target]):
    """A weak reference from a part to its owner, which avoids a reference cycle.

    Unlike a ``weakref.ref``, it can be pickled, and its deep copy refers to the copy of the target.

    Args:
        target: The target, or None.

    Example:
        >>> class Whole: ...
        >>> whole = Whole()
        >>> link = WeakLink(whole)
        >>> link() is whole
        True
        >>> del whole
        >>> link() is None
        True
    """

    __slots__ = ("_reference",)

    def __init__(self, target: Target | None = None) -> None:
        self._reference = None if target is None else weakref.ref(target)

    def __call__(self) -> Target | None:
        """Return the target, or None if it is gone."""
        return None if self._reference is None else self._reference()

    def __reduce__(self) -> tuple[type[WeakLink[Any]], tuple[Target | None]]:
        return WeakLink, (self(),)
