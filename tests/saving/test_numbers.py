"""Readings in files, by the hooks of any plugin: what is kept, told and refused."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import pytest

from kplug import Sequential, Verdict, layers, load_model
from kplug.errors import KplugError, WeightsError
from kplug.registry import REGISTRY
from kplug.registry.errors import RegistrationError
from kplug.registry.loading import code_verification
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
install_plugin = conftest.install_plugin

InstallPlugin = conftest.InstallPlugin
HOOKS = """
import kplug

@kplug.hookimpl
def kplug_reading(kind, spec):
    return {reading}

@kplug.hookimpl
def kplug_verdict(kind, spec, reading):
    return {verdict}
"""


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(code_verification, "_READ", {})
    yield
    sys.modules.pop("kplug_one", None)


@pytest.fixture
def answer(install: Sandbox) -> Callable[[str, str], None]:
    """Return a function that installs a plugin with answers to both hooks."""

    def put(reading: str, verdict: str) -> None:
        source = HOOKS.format(reading=reading, verdict=verdict)
        hooks = {"kplug": {"hooks": "meter_hooks"}}
        install("meter", entry_points=hooks, modules={"meter_hooks.py": source})

    return put


@pytest.fixture
def upgraded(install: Sandbox, install_plugin: InstallPlugin, tmp_path: Path) -> Callable[[], Path]:
    """Return a function that saves a model and upgrades the plugin of its loss."""

    def save() -> Path:
        install_plugin()
        model = Sequential([layers.Dense(2, input_dim=3)])
        model.compile("sgd", "overlap")
        model.save(tmp_path / "m.h5")
        install.uninstall("kplug-one")
        sys.modules.pop("kplug_one")
        install_plugin(version="2.0")
        return tmp_path / "m.h5"

    return save


def load(path: Path, verify: str = "warn") -> str:
    """Return what loading says."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            load_model(path, verify=verify)  # type: ignore[arg-type]
        except WeightsError as error:
            return str(error)
    return "".join(str(one.message) for one in caught)


SENTENCE = (
    'kplug-one, which supplied kplug-one/overlap, was 1.0, here 2.0: pip install "kplug-one==1.0"'
)


def test_any_plugin_may_read_and_compare(
    answer: Callable[[str, str], None], upgraded: Callable[[], Path]
) -> None:
    answer(
        "[{'of': spec}]", "[kplug.Verdict('same' if reading == {'of': spec} else 'differs', 'no')]"
    )
    path = upgraded()
    with h5py.File(path) as file:
        table = json.loads(file.attrs["kplug_components"])
    assert table["readings"] == [{"of": "kplug-one/overlap"}]
    assert load(path) == load(path, "numbers") == ""


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("differs", "loss kplug-one/overlap computes other numbers: it is 2 now"),
        ("cannot be compared", "loss kplug-one/overlap cannot be compared: it is 2 now"),
    ],
)
def test_what_is_not_the_same_is_told_and_refused(
    outcome: str, told: str, answer: Callable[[str, str], None], upgraded: Callable[[], Path]
) -> None:
    answer("[{'x': 1}]", f"[kplug.Verdict({outcome!r}, 'it is\\n 2 now')]")
    path = upgraded()
    text = f"{path}: the file was made with other packages:\n  {SENTENCE}\n    {told}"
    assert load(path) == text
    assert load(path, "numbers").startswith(text)


@pytest.mark.parametrize("verdict", ["[]", "3", "1 / 0", "['same']", "[kplug.Verdict('maybe')]"])
def test_without_a_verdict_versions_count(
    verdict: str, answer: Callable[[str, str], None], upgraded: Callable[[], Path]
) -> None:
    answer("[]" if verdict == "[]" else "[5]", verdict)
    path = upgraded()
    assert load(path).endswith(SENTENCE)
    refused = "loss kplug-one/overlap cannot be compared: no plugin here compares it"
    assert refused in load(path, "numbers")
    problems = [one.message for one in REGISTRY.problems() if one.origin.distribution == "meter"]
    assert bool(problems) is (verdict != "[]")


def test_a_wrong_reading_is_a_problem(
    answer: Callable[[str, str], None], upgraded: Callable[[], Path], install: Sandbox
) -> None:
    answer("[5]", "[]")
    upgraded()
    model = Sequential([layers.Dense(2, input_dim=3)])
    model.compile("sgd", "overlap")
    model.save("n.h5")
    problem = "kplug_reading: [5] was returned. It must return a list of dict."
    assert problem in install.problems("meter")


def test_a_verdict_has_one_of_three_outcomes_and_a_line() -> None:
    assert Verdict("differs", "a\n\x1b[2Jb").message == "a ?[2Jb"
    for outcome, message in (("maybe", ""), ("same", 3)):
        with pytest.raises(RegistrationError, match="is no verdict on a component"):
            Verdict(outcome, message)  # type: ignore[arg-type]
    assert issubclass(RegistrationError, KplugError)
