"""Documentation of arguments: what a class leaves out is in the words of its bases."""

from __future__ import annotations

import inspect
import re

import pytest

from kplug import layers

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


def test_documentation_of_a_users_layer_is_completed() -> None:
    class Wide(layers.Dense):
        """A wide layer."""

    assert entries(Wide) == entries(layers.Dense)
