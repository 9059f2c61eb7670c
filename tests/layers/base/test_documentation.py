"""Documentation of arguments: what a class leaves out is in the words of its bases."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from kplug import layers
from kplug.layers.base.documentation import SHARED, complete_documentation

CLASSES = [one for one in vars(layers).values() if inspect.isclass(one)]
LAYERS = dict.fromkeys(one for one in CLASSES if issubclass(one, layers.Layer))


def entries(owner: type) -> dict[str, str]:
    """Return the arguments that a docstring describes, in its order."""
    text = inspect.getdoc(owner) or ""
    found = re.search(r"^Args:\n((?:    .+\n?)+)", text, re.MULTILINE)
    return dict(re.findall(r"^    (\w+): (.+)", found[1], re.MULTILINE)) if found else {}


@pytest.mark.parametrize("owner", LAYERS)
def test_every_argument_is_described_in_the_order_of_the_signature(owner: type) -> None:
    names = list(inspect.signature(owner).parameters)
    assert [name for name in names if name != "unknown"] == list(entries(owner))


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

    complete_documentation(Own)
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

    complete_documentation(Own)
    assert list(entries(Own)) == ["size", "seed"]
    assert entries(Own)["seed"] == SHARED["seed"]


def test_a_class_without_text_stays_without() -> None:
    class Silent(Base):
        pass

    complete_documentation(Silent)
    assert Silent.__doc__ is None


def test_documentation_of_a_users_layer_is_completed() -> None:
    class Wide(layers.Dense):
        """A wide layer."""

    assert entries(Wide) == entries(layers.Dense)
