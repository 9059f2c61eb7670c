"""Kinds that plugins add, and their components."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.errors import (
    ContractError,
    DisabledComponentError,
    PluginLoadError,
    RegistrationError,
    UnknownComponentError,
    UnknownKindError,
    WrongKindError,
)
from kplug.registry import KINDS, REGISTRY, get_kind, resolve
from kplug.registry.kinds import BUILT_IN_KINDS, COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import Sandbox

HOOKS = """
import kplug

@kplug.hookimpl
def kplug_kinds():
    return [kplug.Kind("augmentation", "augmentations", ("image",), adapter="my_kind:as_augmentation")]

@kplug.hookimpl
def kplug_components(kind):
    return {"turn": "my_kind:turn"} if kind == "augmentation" else {}
"""
CODE = '''
from functools import partial
import kplug

def flip(image, chance=0.5):
    """Mirror an image."""
    return image[::-1]

def turn(degrees=90):
    """Turn an image."""
    return partial(_turn, degrees=degrees)

def _turn(image, degrees):
    return (image, degrees)

class Both:
    """Do one after the other."""

    def __init__(self, augmentation, later_augmentation=None):
        self.first, self.second = augmentation, later_augmentation

    def __call__(self, image):
        return self.second(self.first(image))

def number():
    return 3

def as_augmentation(made):
    if not callable(made):
        raise kplug.errors.ContractError(f"{made!r} is no augmentation")
    return made
'''


def _add_kind(install: Sandbox, name: str = "my-kinds", hooks: str = HOOKS) -> None:
    module = f"{name.replace('-', '_')}_hooks"
    install(
        name,
        entry_points={"kplug": {"p": module}},
        modules={f"{module}.py": hooks, "my_kind.py": CODE},
    )


@pytest.fixture
def kinds(install: Sandbox) -> Sandbox:
    """A plugin adds the kind and a component of it; another one offers three more."""
    _add_kind(install)
    entries = {"flip": "my_kind:flip", "both": "my_kind:Both", "number": "my_kind:number"}
    install(
        "more-augmentations",
        entry_points={"kplug.augmentations": entries},
        requires=["my-kinds"],
    )
    return install


def test_the_ten_kinds_come_through_the_same_hook() -> None:
    supplier = REGISTRY.state.discovery.by_name["kplug"]
    assert supplier.ask(kplug.Kind, "kplug_kinds") == list(BUILT_IN_KINDS.values())
    assert REGISTRY.kinds == BUILT_IN_KINDS


def test_components_of_both_tiers_are_named_by_text(kinds: Sandbox) -> None:
    assert REGISTRY.problems() == []
    assert list(KINDS)[-1] == "augmentation"
    assert resolve("augmentation", "turn(degrees=3)").object("x") == ("x", 3)
    assert resolve("augmentations", "more-augmentations/flip").object("ab") == "ba"
    found = resolve("augmentation", "both(turn, later_augmentation=flip())")
    assert found.object("ab") == (90, "ab")
    assert str(found.spec) == (
        "more-augmentations/both(augmentation=my-kinds/turn(degrees=90), "
        "later_augmentation=more-augmentations/flip(chance=0.5))"
    )


def test_the_adapter_checks_what_was_made(kinds: Sandbox) -> None:
    with pytest.raises(ContractError, match="3 is no augmentation"):
        resolve("augmentation", "number")


def test_the_users_own_code_offers_them_too(kinds: Sandbox) -> None:
    with kplug.scope(augmentations={"mine": "my_kind:flip"}):
        assert resolve("augmentation", "mine").component.qualified_name == "custom/mine"
    kplug.register("augmentation", "mine", kplug.function(lambda image: image * 2))
    assert resolve("augmentation", "mine").object("ab") == "abab"


@pytest.mark.parametrize(
    ("kind", "name", "error", "text"),
    [
        (
            "augmentation",
            "flop",
            UnknownComponentError,
            "no augmentation is named 'flop'\n  Did you mean 'flip'? It is offered by more-augmentations "
            "1.0. Known: both, flip, number, turn (`kplug list augmentations` shows all)",
        ),
        (
            "loss",
            "flip",
            WrongKindError,
            "'flip' is an augmentation, not a loss\n  `kplug list losses` shows what fits here.",
        ),
    ],
)
def test_misses(kinds: Sandbox, kind: str, name: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        resolve(kind, name)
    assert str(caught.value) == text


@pytest.mark.torch
def test_kplugs_own_components_mean_the_same_beside_any_kind(install: Sandbox) -> None:
    _add_kind(
        install,
        hooks=HOOKS.replace('("image",)', '("image",), slots=("learning_rate", "optimizer")'),
    )
    found = resolve("optimizer", "sgd(learning_rate=exponential_decay(0.1, 10, 0.9))")
    assert found.children["learning_rate"].kind == "schedule"
    found = resolve("optimizer", "loss_scale_optimizer(inner_optimizer=adam())")
    assert found.children["inner_optimizer"].kind == "optimizer"


@pytest.mark.parametrize(
    ("requires", "kind"),
    [((), "loss"), (["my-kinds>=1"], "augmentation")],
)
def test_a_parameter_announces_no_kind_of_a_stranger(
    kinds: Sandbox, requires: list[str], kind: str
) -> None:
    code = (
        "import kplug\ndef turn(degrees=90): return compute\n"
        "def compute(y_true, y_pred): return y_true\n"
        "@kplug.factory\ndef outer(augmentation): return compute"
    )
    kinds(
        "my-losses",
        entry_points={"kplug.losses": {"turn": "mine:turn", "outer": "mine:outer"}},
        modules={"mine.py": code},
        requires=requires,
    )
    assert resolve("loss", "outer(turn())").children["augmentation"].kind == kind


def test_no_plugin_is_asked_for_kinds_of_kplugs_own(kinds: Sandbox) -> None:
    with kplug.scope(losses={"mine": len}):
        assert (get_kind("losses"), KINDS["loss"]) == (BUILT_IN_KINDS["loss"],) * 2
    assert kinds.imported() == set()


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.torch
def test_the_command_line_knows_them(kinds: Sandbox, tmp_path: Path) -> None:
    listed = json.loads(_run("list", "--json"))["components"]
    assert [one["name"] for one in listed if one["kind"] == "augmentation"] == [
        "both",
        "flip",
        "number",
        "turn",
    ]
    assert "  augmentations     4   more-augmentations 3, my-kinds 1" in _run("list").splitlines()
    assert "augmentations (4)" in _run("list", "--all")
    assert "augmentations (1)" in _run("list", "my-kinds")
    assert "  adds kinds augmentations" in _run("show", "my-kinds").splitlines()
    assert _run("list", "augmentations").startswith("augmentations (4)\n")
    _run("docs", str(tmp_path / "docs"))
    page = (tmp_path / "docs" / "augmentations" / "more-augmentations-both.md").read_text()
    assert page.startswith("# more-augmentations/both\n")
    assert _run("show", "flip").startswith("flip(chance=0.5)\n  kind       augmentation\n")


def test_a_kind_that_two_plugins_add_is_none(kinds: Sandbox) -> None:
    _add_kind(kinds, "your-kinds", HOOKS.replace('"augmentations"', '"my_augmentations"'))
    assert kinds.problems("my-kinds") == [
        "the kind 'augmentation' is not used: your-kinds 1.0 adds 'augmentation' too. Switch one of them "
        "off: KPLUG_DISABLE=your-kinds"
    ]
    assert kinds.problems("your-kinds") == [
        "the kind 'augmentation' is not used: my-kinds 1.0 adds 'augmentation' too. Switch one of them off: "
        "KPLUG_DISABLE=my-kinds"
    ]
    (unread,) = kinds.problems("more-augmentations")
    assert unread.startswith("its entry points in the group 'kplug.augmentations' are not read")
    with pytest.raises(UnknownKindError, match="there is no kind 'augmentation'"):
        resolve("augmentation", "flip")


def test_a_group_that_two_plugins_give_to_their_kinds_is_nobodys(kinds: Sandbox) -> None:
    _add_kind(kinds, "your-kinds", HOOKS.replace('"augmentation",', '"my_augmentation",'))
    assert kinds.problems("your-kinds") == [
        "the kind 'my_augmentation' is not used: my-kinds 1.0 adds 'augmentation' too. Switch one of them "
        "off: KPLUG_DISABLE=my-kinds"
    ]
    assert list(KINDS) == list(BUILT_IN_KINDS)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (
            "'loss', 'my_losses'",
            "the kind 'loss' is not used: 'loss' is kplug's own. Give it another name",
        ),
        (
            "'sink', 'losses'",
            "the kind 'sink' is not used: 'loss' is kplug's own. Give it another name",
        ),
        (
            "'order', 'commands'",
            "the kind 'order' is not used: 'command' is kplug's own. Give it another name",
        ),
    ],
)
def test_a_kind_of_kplugs_own_is_not_replaced(install: Sandbox, kind: str, problem: str) -> None:
    _add_kind(install, hooks=HOOKS.replace('"augmentation", "augmentations"', kind))
    assert install.problems("my-kinds") == [problem]
    assert REGISTRY.kinds == BUILT_IN_KINDS
    assert KINDS["loss"] is BUILT_IN_KINDS["loss"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("1 / 0", "kplug_kinds raised ZeroDivisionError: division by zero"),
        (
            "{'augmentation': 1}",
            "kplug_kinds: {'augmentation': 1} was returned. It must return a list of kplug.Kind.",
        ),
        (
            "[kplug.Kind('Bad name', 'bad_names')]",
            "kplug_kinds: the name of the kind 'Bad name' is 'Bad name'. It is a word in small letters: "
            "[a-z][a-z0-9_]*.",
        ),
        (
            "2 * [kplug.Kind('augmentation', 'augmentations')]",
            "the kind 'augmentation' is not used: it is added twice. Add it once",
        ),
    ],
)
def test_a_hook_that_fails_costs_its_plugin_alone(
    kinds: Sandbox, answer: str, problem: str
) -> None:
    kinds.uninstall("my-kinds")
    kinds.uninstall("more-augmentations")
    source = f"import kplug\n@kplug.hookimpl\ndef kplug_kinds():\n    return {answer}\n"
    kinds("bad-kinds", entry_points={"kplug": {"p": "bad"}}, modules={"bad.py": source})
    assert REGISTRY.kinds == BUILT_IN_KINDS
    assert dict.fromkeys(kinds.problems("bad-kinds")) == {problem: None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, "ones"), "the name of the kind 1 is 1"),
        (("one", "One"), "the plural of the kind 'one' is 'One'"),
        (("one", "ones", "image"), "the leading of the kind 'one' is 'image'"),
        (("one", "ones", (), {"x"}), "the vocabulary of the kind 'one' is {'x'}"),
        (("one", "ones", (), frozenset(), "module"), "the adapter of the kind 'one' is 'module'"),
    ],
)
def test_facts_of_the_wrong_type(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(RegistrationError) as caught:
        kplug.Kind(*arguments)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("adapter", "text"),
    [
        (
            "my_kind:nowhere",
            "the kind 'augmentation' of my-kinds 1.0 (my_kind:nowhere) cannot be loaded: AttributeError: "
            "module 'my_kind' has no attribute 'nowhere'",
        ),
        (
            "os:system",
            "the kind 'augmentation' of my-kinds 1.0 (os:system) cannot be loaded: TargetError: 'os' is a "
            "module neither of my-kinds nor of a package that it requires",
        ),
    ],
)
def test_an_adapter_that_does_not_load(install: Sandbox, adapter: str, text: str) -> None:
    _add_kind(install, hooks=HOOKS.replace("my_kind:as_augmentation", adapter))
    with pytest.raises(PluginLoadError) as caught:
        resolve("augmentation", "turn")
    assert caught.value.message == text


def test_a_plugin_that_is_switched_off_adds_no_kind(
    kinds: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "my-kinds")
    kplug.reload()
    with pytest.raises(UnknownKindError):
        get_kind("augmentation")
    assert kinds.imported() == set()


def test_components_of_a_plugin_that_is_switched_off(
    kinds: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "more-augmentations")
    kplug.reload()
    with pytest.raises(DisabledComponentError, match="belongs to more-augmentations"):
        resolve("augmentation", "flip")


def test_a_misspelt_group_is_told_the_plugins(kinds: Sandbox) -> None:
    kinds("my-plugin", entry_points={"kplug.augmentation": {"x": "m:x"}})
    (problem,) = kinds.problems("my-plugin")
    assert problem.endswith("there is no such group. Did you mean 'kplug.augmentations'?")


def test_a_command_is_no_kind() -> None:
    with pytest.raises(UnknownKindError):
        get_kind(COMMAND.name)
