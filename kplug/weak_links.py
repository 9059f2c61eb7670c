"""`WeakLink`: a weak reference that can be copied and pickled."""

from __future__ import annotations

import weakref
from typing import Any, Generic, TypeVar, final

Target = TypeVar("Target")


@final
class WeakLink(Generic[Target]):
    """A reference from a part back to what holds it, so that neither waits for the garbage collector.

    Unlike one of ``weakref``, its copy refers to the copy of the target, and it can be pickled.

    Args:
        target: What is referred to, or None.

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
