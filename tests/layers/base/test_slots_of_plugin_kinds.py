"""An argument of a layer that names a component of a kind that a plugin adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug import Sequential, layers, load_model
from kplug.errors import UnknownComponentError
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

HOOKS = """
import kplug

@kplug.hookimpl
def kplug_kinds():
    return [kplug.Kind("augmentation", "augmentations", ("image",))]
"""
CODE = """
def scale(image, factor=2.0):
    return image * factor
"""
ONES = np.ones((2, 3), "float32")


class Augment(layers.Layer):
    augmentation: Any

    def __init__(self, augmentation: Any = None, **common: Any) -> None:
        super().__init__(**common)
        self.add_slot("augmentation", "augmentation", augmentation)

    def call(self, inputs: Any) -> Any:
        return self.augmentation(inputs)


@pytest.fixture(autouse=True)
def _kinds(install: Sandbox) -> None:
    install(
        "my-kinds",
        entry_points={
            "kplug": {"p": "my_hooks"},
            "kplug.augmentations": {"scale": "my_kind:scale"},
        },
        modules={"my_hooks.py": HOOKS, "my_kind.py": CODE},
    )


def test_it_is_looked_up_recorded_saved_and_loaded(tmp_path: Path) -> None:
    model = Sequential([layers.Input((3,)), Augment("scale(factor=3.0)", name="augment")])
    model.compile(loss="mse")
    assert model.predict(ONES, verbose=0).tolist() == (3 * ONES).tolist()
    row = model.components.get("augment.augmentation")
    assert (row.kind, row.name, row.distribution) == ("augmentation", "my-kinds/scale", "my-kinds")
    assert model.layers[0].get_config()["augmentation"] == "my-kinds/scale(factor=3.0)"
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras", custom_objects={"Augment": Augment})
    assert again.predict(ONES, verbose=0).tolist() == (3 * ONES).tolist()


def test_an_unknown_name_is_refused_with_the_place() -> None:
    model = Sequential([layers.Input((3,)), Augment("skale", name="augment")])
    with pytest.raises(UnknownComponentError) as caught:
        model.compile(loss="mse")
    assert str(caught.value) == (
        "augment.augmentation: no augmentation is named 'skale'\n  Did you mean 'scale'? It is offered by "
        "my-kinds 1.0. Known: scale (`kplug list augmentations` shows all)"
    )


def test_users_code_stands_in_it() -> None:
    with kplug.scope(augmentations={"half": kplug.function(lambda image: image / 2)}):
        model = Sequential([layers.Input((3,)), Augment("half")])
        model.compile(loss="mse")
    assert model.predict(ONES, verbose=0).tolist() == (ONES / 2).tolist()
