"""Settings in environment variables."""

from __future__ import annotations

import pytest

from kplug.registry.policy.environment import (
    VARIABLES,
    read_environment,
    wants_traceback,
)

KNOWN = f"Variables are {', '.join(VARIABLES)}. Another program's is named by the setting other-variables."


def _errors(environ: dict[str, str]) -> list[str]:
    source = read_environment(environ)
    return [str(error) for error in source.errors] if source else []


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ("a", ["a"]),
        (" A , B,", ["a", "b"]),
        ("", []),
        ("a>=1,<2,b", ["a<2,>=1", "b"]),
        ("a >= 1 , < 2 , b", ["a<2,>=1", "b"]),
    ],
)
def test_a_list(value: str, entries: list[str]) -> None:
    source = read_environment({"KPLUG_PLUGINS": value})
    assert source is not None
    assert [str(entry) for entry in source.settings["plugins"].entries] == entries
    assert source.settings["plugins"].label == "KPLUG_PLUGINS"


@pytest.mark.parametrize(
    ("value", "is_on"), [("1", True), ("true", True), ("On", True), ("0", False), ("OFF", False)]
)
def test_a_switch(value: str, is_on: bool) -> None:
    source = read_environment({"KPLUG_STRICT": value})
    assert source is not None
    assert source.settings["strict"].is_on is is_on


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "KPLUG_AUTOLOAD",
            "maybe",
            "KPLUG_AUTOLOAD is 'maybe'\n  It is true or false; a variable may also be 1 or 0.",
        ),
        (
            "KPLUG_STRICT",
            "",
            "KPLUG_STRICT is ''\n  It is true or false; a variable may also be 1 or 0.",
        ),
        ("KPLUG_DISABLE", "a b", "KPLUG_DISABLE holds 'a b'\n  Give names of distributions."),
        (
            "KPLUG_DISABLE",
            "\udcff",
            "KPLUG_DISABLE holds '\\udcff'\n  Give names of distributions.",
        ),
    ],
)
def test_a_value_that_is_refused(variable: str, value: str, message: str) -> None:
    assert _errors({variable: value}) == [message]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("KPLUG_DISABLED", "KPLUG_DISABLE"),
        ("KPLUG_DISABLE_PLUGINS", "KPLUG_DISABLE"),
        ("KPLUG_BLOCK", "KPLUG_DISABLE"),
        ("KPLUG_PLUGIN", "KPLUG_PLUGINS"),
        ("KPLUG_POLICY_FILE", "KPLUG_POLICY"),
        ("kplug_disable", "KPLUG_DISABLE"),
        ("Kplug_Plugins", "KPLUG_PLUGINS"),
        ("KPLUGDISABLE", "KPLUG_DISABLE"),
        (
            "\uff2b\uff30\uff2c\uff35\uff27\uff3f\uff24\uff29\uff33\uff21\uff22\uff2c\uff25",
            "KPLUG_DISABLE",
        ),
        ("KPLUG\uff3fDISABLE", "KPLUG_DISABLE"),
        (" KPLUG_DISABLE", "KPLUG_DISABLE"),
        ("KPLUG_CACHE", None),
        ("KPLUG_", None),
    ],
)
def test_a_variable_that_is_refused(variable: str, meant: str | None) -> None:
    question = f"Did you mean {meant!r}? " if meant else ""
    assert _errors({variable: ""}) == [
        f"the environment variable {variable} is no setting of kplug\n  {question}{KNOWN}"
    ]


@pytest.mark.parametrize("variable", ["PATH", "KPLUGINS_DIR", "MY_KPLUG_DISABLE", "kplug"])
def test_a_variable_of_somebody_else(variable: str) -> None:
    assert read_environment({variable: "x"}) is None


def test_every_error_is_told() -> None:
    assert len(_errors({"KPLUG_B": "", "KPLUG_A": "", "KPLUG_DISABLE": "a b"})) == 3


@pytest.mark.parametrize(
    ("value", "is_wanted"),
    [("1", True), ("on", True), ("yes", True), ("", False), ("0", False), ("OFF", False)],
)
def test_the_variable_for_tracebacks_is_known_and_no_setting(value: str, is_wanted: bool) -> None:
    environ = {"KPLUG_TRACEBACK": value}
    assert read_environment(environ) is None
    assert wants_traceback(environ) is is_wanted
    assert not wants_traceback({})


def test_the_variable_for_the_lock_is_known_and_no_setting() -> None:
    assert read_environment({"KPLUG_LOCK": "kplug.lock"}) is None


def test_the_variable_for_the_allocator_is_known_and_no_setting() -> None:
    assert read_environment({"KPLUG_ALLOCATOR": "system"}) is None
    assert read_environment({"KPLUG_ALLOCATOR": "kplug"}) is None
    assert read_environment({"KPLUG_ALLOCATOR": ""}) is None
    assert _errors({"KPLUG_ALLOCATOR": "sytem"}) == [
        "KPLUG_ALLOCATOR is 'sytem'\n  It is kplug or system."
    ]


@pytest.mark.parametrize("others", [["KPLUG_HOME"], ["KPLUG_HOME", "KPLUG_NOT_SET"]])
def test_a_variable_of_another_program(others: list[str]) -> None:
    assert read_environment({"KPLUG_HOME": "/x"}, others) is None
    own = {"KPLUG_HOME": "/x", "KPLUG_OTHER_VARIABLES": ",".join(others)}
    assert _errors(own) == []
    assert len(_errors(own | {"KPLUG_HOME_2": ""})) == 1


@pytest.mark.parametrize("name", ["KPLUG_DISABLE", "HOME", "KPLUG", "KPLUG_*", "KPLUG_Ä"])
def test_what_cannot_be_called_another_programs(name: str) -> None:
    (error,) = _errors({"KPLUG_OTHER_VARIABLES": name})
    assert error.startswith(f"KPLUG_OTHER_VARIABLES holds '{name}'\n")
