"""From an object back to the component that it is an instance of."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from kplug.activations import elu
from kplug.optimizers import SGD
from kplug.registry import REGISTRY, get_kind, resolve, resolve_object
from kplug.registry.building.reverse_lookup import find_component_of, suggest_name
from kplug.regularizers import L1, L2, Regularizer
from kplug.schedules import ExponentialDecay

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

REGULARIZER = get_kind("regularizer")


class Mine(Regularizer):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.sum()


class Thing:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("instance", "name"),
    [(L2(0.1), "kplug/l2"), (L1, "kplug/l1"), (functools.partial(L1, l1=0.1), "kplug/l1")],
)
def test_built_in(instance: object, name: str) -> None:
    found = find_component_of(REGISTRY, REGULARIZER, instance)
    assert found is not None
    assert found.qualified_name == name


@pytest.mark.parametrize("instance", [Mine(), Mine, Thing(), len])
def test_anything_else_is_nobodys(instance: object) -> None:
    assert find_component_of(REGISTRY, REGULARIZER, instance) is None


def _adamw() -> torch.optim.Optimizer:
    return torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))], lr=1e-4)


def _bce_with_weight() -> torch.nn.Module:
    return torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))


@pytest.mark.parametrize(
    ("kind", "instance", "name"),
    [
        ("loss", torch.nn.BCEWithLogitsLoss, "torch/bce_with_logits_loss"),
        ("loss", _bce_with_weight(), "custom/BCEWithLogitsLoss"),
        (
            "loss",
            functools.partial(torch.nn.BCEWithLogitsLoss, pos_weight=torch.tensor([2.0])),
            "custom/BCEWithLogitsLoss",
        ),
        ("optimizer", torch.optim.AdamW, "torch/adamw"),
        ("optimizer", functools.partial(torch.optim.AdamW, lr=1e-4), "torch/adamw(lr=0.0001)"),
        ("optimizer", _adamw(), "custom/AdamW"),
        ("optimizer", SGD(lr=lambda step: 0.1 / (step + 1)), "custom/SGD"),
        ("activation", functools.partial(elu, alpha=0.5), "kplug/elu(alpha=0.5)"),
    ],
)
def test_no_instance_is_recorded_without_what_it_was_made_with(
    kind: str, instance: object, name: str
) -> None:
    assert str(resolve(kind, instance).spec) == name


def test_a_schedule_inside_an_instance_is_recorded() -> None:
    found = resolve("optimizer", SGD(lr=ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)))
    again = resolve_object("optimizer", str(found.spec))
    assert found.component.qualified_name == "kplug/sgd"
    assert again.get_config() == found.object.get_config()


def test_an_instance_whose_config_fails_is_recorded_by_its_name() -> None:
    class Forgetful(Regularizer):
        def __init__(self, factor: float) -> None:
            self._factor = factor

        def __call__(self, weight_matrix: Tensor) -> Tensor:
            return weight_matrix.sum() * self._factor

    found = resolve("regularizer", Forgetful(0.5))
    assert (str(found.spec), found.arguments) == ("custom/Forgetful", {})


def test_nothing_is_imported_to_find_out(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": "def pond(weight_matrix): ...\n"},
    )
    assert find_component_of(REGISTRY, REGULARIZER, Thing()) is None
    assert install.imported() == set()
    found = find_component_of(REGISTRY, REGULARIZER, resolve_object("regularizer", "pond"))
    assert found is not None
    assert found.qualified_name == "my-plugin/pond"


@pytest.mark.parametrize("target", [f"{__name__}:Mine", "thief:pytest.importorskip"])
def test_a_plugin_cannot_claim_what_is_not_its_own(install: Sandbox, target: str) -> None:
    """It may declare any target, and by such a name nothing loads."""
    thief = {"thief.py": "import pytest\n"}
    install("thief", entry_points={"kplug.regularizers": {"mine": target}}, modules=thief)
    importlib.import_module("thief")
    instance = Mine if "Mine" in target else pytest.importorskip
    assert find_component_of(REGISTRY, REGULARIZER, instance) is None
    assert resolve("regularizer", Mine()).component.qualified_name == "custom/Mine"


def _private(w: object) -> None: ...
def camelCase(w: object) -> None: ...


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        (len, "len"),
        (Thing(), "Thing"),
        (Thing, "Thing"),
        (lambda: None, "lambda_function"),
        (functools.partial(functools.partial(len), ()), "len"),
        (_private, "private"),
        (camelCase, "camelcase"),
        (type("Größe", (), {}), "gr__e"),
        (type("___", (), {}), "unnamed"),
    ],
)
def test_declared_name_of_an_object(instance: object, name: str) -> None:
    assert suggest_name(instance) == name


def test_an_object_that_several_offer_is_of_the_one_whose_code_it_is(install: Sandbox) -> None:
    source = "def still(weight_matrix):\n    return 0\n"
    points = {"kplug.regularizers": {"still": "still_pond:still"}}
    install("still-pond", "2.0", entry_points=points, modules={"still_pond.py": source})
    install("a-wrapper", "0.1", entry_points=points, requires=["still-pond"])
    still = importlib.import_module("still_pond").still
    found = find_component_of(REGISTRY, REGULARIZER, still)
    assert found is not None
    assert found.qualified_name == "still-pond/still"
