"""Documentation that a class takes from its bases, and from the words that its family shares."""

from __future__ import annotations

from typing import Any

from kplug.components.documentation import fill_documentation
from tests.docstrings import read_arguments

SHARED = {"seed": "Where the draws start.", "kwargs": "What all take."}


class Base:
    """Moves.

    Args:
        size: How far,
            in meters.
        kwargs: Ignored.

    Raises:
        ValueError: Too far.

    Reference:
        Newton, 1687.
    """

    def __init__(self, size: int, use_bias: bool = True, **kwargs: Any) -> None: ...


def test_own_words_win_and_text_stays_where_it_is() -> None:
    class Own(Base):
        """Moves away.

        It does so at once.

        Args:
            use_bias: Whether it comes back.

        Example:
            >>> Own(1)
        """

    fill_documentation(Own, SHARED)
    assert Own.__doc__ == (
        "Moves away.\n\nIt does so at once.\n\n"
        "Args:\n    size: How far,\n        in meters.\n    use_bias: Whether it comes back.\n"
        "    kwargs: Ignored.\n\nRaises:\n    ValueError: Too far.\n\nExample:\n    >>> Own(1)\n\n"
        "Reference:\n    Newton, 1687."
    )


def test_shared_words_come_last_and_unknown_arguments_are_left_out() -> None:
    class Own(Base):
        """Moves."""

        def __init__(self, size: int, unheard: int, seed: int) -> None: ...

    fill_documentation(Own, SHARED)
    assert list(read_arguments(Own)) == ["size", "seed"]
    assert read_arguments(Own)["seed"] == SHARED["seed"]


def test_a_class_without_text_stays_without() -> None:
    class Silent(Base):
        pass

    fill_documentation(Silent, SHARED)
    assert Silent.__doc__ is None


def test_arguments_that_are_named_are_described_in_that_order() -> None:
    class Own(Base):
        """Moves."""

    fill_documentation(Own, SHARED, names=["seed", "size"])
    assert list(read_arguments(Own)) == ["seed", "size"]


def test_bases_are_asked_before_shared_words() -> None:
    class Own(Base):
        """Moves."""

    fill_documentation(Own, SHARED)
    assert read_arguments(Own)["kwargs"] == "Ignored."
