"""The keys, their values, and what somebody meant who wrote another key."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.registry.policy.keys import KEYS, Setting
from kplug.registry.policy.settings import Source, read_settings, suggest_key

KNOWN = f"Keys are {', '.join(KEYS)}"


def _read(key: str, value: object) -> Source:
    return read_settings("here", {key: value}, lambda key: f"{key!r} here", {key: 3})


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("plugins", ["A>=1", "b"], ["a>=1", "b"]),
        ("plugins", [], []),
        ("disable", ["A_a"], ["a-a"]),
        ("prefer", ["A/dice"], ["a/dice"]),
    ],
)
def test_a_list(key: str, value: object, shown: list[str]) -> None:
    source = _read(key, value)
    assert (source.place, source.errors) == ("here", ())
    setting = source.settings[key]
    assert (setting.key, setting.label, setting.line) == (key, f"{key!r} here", 3)
    assert [str(entry) for entry in setting.entries] == shown
    assert not setting.is_switch


@pytest.mark.parametrize("key", [row.name for row in KEYS.values() if row.is_switch])
@pytest.mark.parametrize("is_on", [True, False])
def test_a_switch(key: str, is_on: bool) -> None:
    assert _read(key, is_on).settings == {
        key: Setting(key, f"{key!r} here", is_on=is_on, line=3),
    }
    assert _read(key, is_on).settings[key].is_switch


BUILT_IN = "Built-in components cannot be switched off; prefer a plugin's instead."
SWITCH = "It is true or false; a variable may also be 1 or 0."


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("plugins", "a", "'plugins' here is 'a'\n  Give a list of names."),
        ("plugins", {"a": 1}, "'plugins' here is {'a': 1}\n  Give a list of names."),
        ("disable", [1], "'disable' here holds 1\n  Give names of distributions."),
        (
            "disable",
            ["kplug"],
            f"'disable' here names 'kplug', which ships with kplug\n  {BUILT_IN}",
        ),
        (
            "disable",
            ["Torch"],
            f"'disable' here names 'torch', which ships with kplug\n  {BUILT_IN}",
        ),
        ("autoload", 0, f"'autoload' here is 0\n  {SWITCH}"),
        ("strict", "yes", f"'strict' here is 'yes'\n  {SWITCH}"),
        (
            "disabled",
            [],
            f"'disabled' here is no setting of kplug\n  Did you mean 'disable'? {KNOWN}.",
        ),
        (
            "zzz",
            [],
            f"'zzz' here is no setting of kplug\n  {KNOWN}.",
        ),
    ],
)
def test_what_is_refused(key: str, value: object, message: str) -> None:
    source = _read(key, value)
    assert source.settings == {}
    assert [str(error) for error in source.errors] == [message]


def test_what_can_be_understood_is_kept_beside_an_error() -> None:
    source = read_settings("here", {"plugins": 3, "disable": ["a"]}, repr)
    assert list(source.settings) == ["disable"]
    assert len(source.errors) == 1


def test_a_value_of_any_depth_is_repeated_in_one_line() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value] if isinstance(value, dict) else {"a": value}
    (error,) = _read("plugins", value).errors
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("disabled", "disable"),
        ("DISABLE_PLUGINS", "disable"),
        ("PLUGINS_DISABLE", "disable"),
        ("BLOCK", "disable"),
        ("blocklist", "disable"),
        ("deny", "disable"),
        ("exclude", "disable"),
        ("ignore", "disable"),
        ("PLUGIN", "plugins"),
        ("allow", "plugins"),
        ("whitelist", "plugins"),
        ("auto_load", "autoload"),
        ("LOAD", "autoload"),
        ("preferred", "prefer"),
        ("STRICT_MODE", "strict"),
        ("POLICY_FILE", "policy"),
        ("config", "policy"),
        ("dsiable", "disable"),
        ("prefr", "prefer"),
        ("strct", "strict"),
        ("cache", None),
        ("", None),
    ],
)
def test_the_key_that_was_meant(text: str, meant: str | None) -> None:
    assert suggest_key(text) == meant


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_meant_by_itself(key: str) -> None:
    assert suggest_key(key) == key
