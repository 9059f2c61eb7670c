"""Lifecycles in wheels: of classifiers, of entry points, and of what authors and operators state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.wheels import DeclaredComponent, WheelContents, read_wheel

MakeWheel = Callable[..., Path]
CODE = {"kplug_waves/__init__.py": "def wave_loss(): ...\ndef old_loss(): ...\n"}
ENTRIES = "[kplug.losses]\nwave_loss = kplug_waves:wave_loss\nold_loss = kplug_waves:old_loss\n"
INACTIVE = "Classifier: Development Status :: 7 - Inactive\n"


def read(make_wheel: MakeWheel, lifecycles: str = "", metadata: str = "") -> WheelContents:
    entries = f"{ENTRIES}[kplug.lifecycle]\n{lifecycles}\n" if lifecycles else ENTRIES
    return read_wheel(make_wheel(code=CODE, entry_points=entries, metadata=metadata))


def list_stages(wheel: WheelContents) -> dict[str, tuple[str | None, str | None]]:
    return {one.name: (one.lifecycle, one.successor) for one in wheel.components}


def test_a_component_without_one_has_that_of_its_distribution(make_wheel: MakeWheel) -> None:
    wheel = read(make_wheel, "loss.OldLoss = deprecated:wave_loss", INACTIVE)
    assert wheel.lifecycle is not None
    assert (wheel.lifecycle.stage, wheel.lifecycle.successor) == ("archived", None)
    assert list_stages(wheel) == {
        "old_loss": ("deprecated", "wave_loss"),
        "wave_loss": ("archived", None),
    }


def test_an_entry_point_counts_before_the_classifier(make_wheel: MakeWheel) -> None:
    wheel = read(make_wheel, "distribution = deprecated:Kplug_Tides", INACTIVE)
    assert list_stages(wheel) == dict.fromkeys(
        ("old_loss", "wave_loss"), ("deprecated", "kplug-tides")
    )


def test_nothing_is_known_without_either(make_wheel: MakeWheel) -> None:
    wheel = read(make_wheel)
    assert wheel.lifecycle is None
    assert set(list_stages(wheel).values()) == {(None, None)}


@pytest.mark.parametrize(
    ("lifecycles", "message"),
    [
        ("loss.old_loss = old", "kplug.lifecycle: 'old' is no lifecycle"),
        ("loss.ebb = stable", "kplug.lifecycle: 'loss.ebb' is the name of none of its components"),
        ("metric.old_loss = stable", "'metric.old_loss' is the name of none of its components"),
    ],
)
def test_one_that_says_nothing_is_refused(
    make_wheel: MakeWheel, lifecycles: str, message: str
) -> None:
    with pytest.raises(WheelError, match=message):
        read(make_wheel, lifecycles)


def test_an_alias_has_none(make_wheel: MakeWheel) -> None:
    alias = "ebb_loss = kplug_waves:wave_loss\n"
    path = make_wheel(
        code=CODE, entry_points=f"{ENTRIES}{alias}[kplug.lifecycle]\nloss.Ebb_Loss = stable\n"
    )
    with pytest.raises(
        WheelError, match=r"'loss\.Ebb_Loss' is an alias of 'wave_loss', which has no"
    ):
        read_wheel(path)


def test_an_unknown_stage_of_what_is_declared_in_code_is_refused(make_wheel: MakeWheel) -> None:
    facts = ("loss", "ebb", (), "kplug-waves", "1.0", "kplug_waves:wave_loss", "", "old", None)
    path = make_wheel(entry_points="[kplug]\nplugin = kplug_waves\n")
    with pytest.raises(WheelError, match="the lifecycle of 'ebb' is 'old'"):
        read_wheel(path, [DeclaredComponent(*facts, is_qualified_only=False)])
