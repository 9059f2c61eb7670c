"""Documentation of arguments: what a class leaves out is in the words of its bases."""

from __future__ import annotations

import inspect

import pytest

from kplug import layers
from tests.docstrings import read_arguments

CLASSES = [one for one in vars(layers).values() if inspect.isclass(one)]
LAYERS = dict.fromkeys(one for one in CLASSES if issubclass(one, layers.Layer))


@pytest.mark.parametrize("owner", LAYERS)
def test_every_argument_is_described_in_the_order_of_the_signature(owner: type) -> None:
    names = list(inspect.signature(owner).parameters)
    assert [name for name in names if name != "unknown"] == list(read_arguments(owner))


def test_documentation_of_a_users_layer_is_completed() -> None:
    class Wide(layers.Dense):
        """A wide layer."""

    assert read_arguments(Wide) == read_arguments(layers.Dense)
