"""The checks in the suite of each kind."""

from __future__ import annotations

import pytest
from kplug_authoring import BrokenContractError, contract_cases
from kplug_authoring.suites import SUITES, list_checks

from kplug.errors import ContractError, UnknownKindError
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen


def test_singular_and_plural_name_the_same_checks() -> None:
    checks = list_checks("loss")
    assert checks == list_checks("losses")
    assert list(checks) == [check.name for check in SUITES["loss"].checks]


def test_a_check_is_listed_with_what_must_hold() -> None:
    assert list_checks("constraints")["idempotent"] == "no change when it is applied again"


@pytest.mark.parametrize("kind", SUITES)
def test_no_two_checks_of_a_kind_have_the_same_name(kind: str) -> None:
    names = [check.name for check in SUITES[kind].checks]
    assert names
    assert len(set(names)) == len(names)


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownKindError, match="losss"):
        list_checks("losss")


HOOKS = """
import kplug

@kplug.hookimpl
def kplug_kinds():
    return [kplug.Kind("augmentation", "augmentations", ("image",), suite="SUITE")]
"""
CODE = """
import torch
from kplug_authoring import COMMON, Suite, check

def flip(image, chance=0.5):
    return image.flip(0) * chance

def grow(image):
    return image.repeat(2, 1)

def swallow(image, **options):
    return image

@check("an image of the same shape", "Return an image of that shape.")
def shape(subject):
    image = torch.ones(2, 3)
    found = subject.make()(image).shape
    return None if found == image.shape else f"the shape {tuple(found)}"

SUITE = Suite(lambda subject, made: made(torch.ones(2, 3)), (*COMMON, shape))
number = 3
"""


def _install(install: Sandbox, suite: str) -> None:
    install(
        "my-kinds",
        entry_points={
            "kplug": {"p": "my_hooks"},
            "kplug.augmentations": {
                name: f"my_kind:{name}" for name in ("flip", "grow", "swallow")
            },
        },
        modules={"my_hooks.py": HOOKS.replace("SUITE", suite), "my_kind.py": CODE},
    )


@pytest.mark.parametrize(
    ("suite", "broken"),
    [
        ("", {"swallow-arguments"}),
        ("my_kind:SUITE", {"swallow-arguments", "grow-shape"}),
    ],
)
def test_components_of_a_plugins_kind_pass_its_suite(
    install: Sandbox, suite: str, broken: set[str]
) -> None:
    _install(install, suite)
    found = set()
    for case in contract_cases("my-kinds"):
        try:
            case.run()
        except BrokenContractError:
            found.add(str(case).partition("/")[2])
    assert found == broken
    assert ("shape" in list_checks("augmentation")) == bool(suite)


def test_a_suite_that_is_none(install: Sandbox) -> None:
    _install(install, "my_kind:number")
    with pytest.raises(ContractError) as caught:
        list_checks("augmentations")
    assert str(caught.value) == (
        "the suite of the kind 'augmentation' (my_kind:number) is 3\n  Make it a kplug_authoring.Suite."
    )
