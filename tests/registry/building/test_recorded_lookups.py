"""Components that another one looks up itself: defaults that name one, in constructors and factories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kplug.locking.collecting import lock_specs
from kplug.registry import Resolved, resolve
from kplug.registry.building.recorded_lookups import find_look_ups, note, noting

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

SCHEDULE = """
class Slow:
    def __call__(self, step):
        return 0.25
"""
OTHER = """
def inner(power=1):
    def compute(y_true, y_pred):
        return (y_true - y_pred) ** power
    return compute
"""
SOURCE = """
from kplug.registry import resolve_object

class Outer:
    def __init__(self, inner="other-plugin/inner(power=2)", name="outer"):
        self.compute = resolve_object("loss", inner)
    def __call__(self, y_true, y_pred):
        return self.compute(y_true, y_pred)

class Listed:
    def __init__(self, parts=("other-plugin/inner", "other-plugin/inner(power=3)"), scale=1.0):
        self.parts = [resolve_object("loss", part) for part in parts]
    def __call__(self, y_true, y_pred):
        return sum(part(y_true, y_pred) for part in self.parts)

class Hidden:
    def __init__(self):
        self.parts = [resolve_object("loss", name) for name in ("other-plugin/inner", "my-plugin/outer")]
    def __call__(self, y_true, y_pred):
        return self.parts[0](y_true, y_pred)

def made(inner="other-plugin/inner"):
    compute = resolve_object("loss", inner)
    def loss(y_true, y_pred):
        return compute(y_true, y_pred)
    return loss

def plain(y_true, y_pred):
    return y_true

class Own(Outer):
    def __init__(self, inner="my-plugin/plain"):
        super().__init__(inner)

class Wrapping:
    def __init__(self):
        self.compute = resolve_object("loss", "my-plugin/required")
    def __call__(self, y_true, y_pred):
        return self.compute(y_true, y_pred)

def failing():
    resolve_object("loss", "other-plugin/inner")
    raise ValueError("no")
"""
NAMES = {
    "outer": "Outer",
    "listed": "Listed",
    "hidden": "Hidden",
    "made": "made",
    "failing": "failing",
    "plain": "plain",
    "own": "Own",
    "wrapping": "Wrapping",
}


@pytest.fixture(autouse=True)
def _plugins(install: Sandbox) -> None:
    install(
        "other-plugin",
        entry_points={"kplug.losses": {"inner": "other:inner"}},
        modules={"other.py": OTHER},
    )
    install(
        "slow-plugin",
        entry_points={"kplug.schedules": {"slow": "slow:Slow"}},
        modules={"slow.py": SCHEDULE},
    )
    offered = {name: f"mine:{target}" for name, target in NAMES.items()}
    install(
        "my-plugin",
        entry_points={"kplug.losses": {**offered, "required": "other:inner"}},
        modules={"mine.py": SOURCE},
        requires=("other-plugin",),
    )


def _list_parts(resolved: Resolved) -> dict[str, str]:
    return {place: str(part.written) for place, part in resolved.parts.items()}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("outer", {"inner": "other-plugin/inner(power=2)"}),
        ("outer(inner=other-plugin/inner)", {"inner": "other-plugin/inner"}),
        ("outer(inner='other-plugin/inner')", {"inner": "other-plugin/inner"}),
        ("outer(inner=made)", {"inner": "my-plugin/made"}),
        (
            "listed",
            {"parts[0]": "other-plugin/inner", "parts[1]": "other-plugin/inner(power=3)"},
        ),
        ("hidden", {"loss": "other-plugin/inner", "loss[1]": "my-plugin/outer"}),
        ("made", {"inner": "other-plugin/inner"}),
        ("made(inner='other-plugin/inner(power=4)')", {"inner": "other-plugin/inner(power=4)"}),
        ("own", {}),
        ("own(other-plugin/inner)", {"inner": "other-plugin/inner"}),
        ("wrapping", {"loss": "my-plugin/required"}),
    ],
)
def test_a_default_is_a_part_as_if_it_was_written(text: str, parts: dict[str, str]) -> None:
    assert _list_parts(resolve("loss", text)) == parts


def test_parts_have_parts_of_their_own() -> None:
    part = resolve("loss", "hidden").parts["loss[1]"]
    assert _list_parts(part) == {"inner": "other-plugin/inner(power=2)"}
    nested = resolve("loss", "outer(inner=made)").parts["inner"]
    assert _list_parts(nested) == {"inner": "other-plugin/inner"}


@pytest.mark.torch  # each lock has its version
@pytest.mark.parametrize("text", ["outer", "listed", "made", "hidden"])
def test_the_lock_has_the_distribution_that_a_default_names(text: str) -> None:
    lock = lock_specs([f"loss:{text}"], allow_unlocked=True)
    assert {"my-plugin", "other-plugin"} <= {package.name for package in lock.packages}


def test_what_fails_leaves_nothing_for_the_next_one() -> None:
    with noting() as found:
        with pytest.raises(Exception, match="no"):
            resolve("loss", "failing")
        assert not found
        resolve("loss", "other-plugin/inner")
    assert [identifier for identifier, _ in found] == ["other-plugin/inner"]
    note("", found[0][1])  # nobody is made: nobody hears of it


@pytest.mark.torch
def test_what_a_constructor_hands_on_is_looked_up_once() -> None:
    from kplug.optimizers import SGD

    class Subclass(SGD):
        def __init__(self, learning_rate: Any = 0.5) -> None:
            super().__init__(learning_rate=learning_rate)

    for owner in (SGD, Subclass):
        found = find_look_ups(owner(learning_rate="slow-plugin/slow"))
        names = [one.component.qualified_name for one in found.values()]
        assert names == ["slow-plugin/slow"]


@pytest.mark.torch
def test_another_schedule_takes_the_place_of_a_plugins() -> None:
    from kplug.optimizers import SGD

    optimizer = SGD(learning_rate="slow-plugin/slow")
    optimizer.lr = "polynomial_decay(0.5, 10)"
    assert find_look_ups(optimizer) == {}
    optimizer.lr = "slow-plugin/slow"
    assert len(find_look_ups(optimizer)) == 1
