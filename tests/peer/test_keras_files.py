"""Keras's own tests, from the installed wheel, with kplug's components under test.

`kplug_peer` maps the names; `not_applicable.toml` lists every test that cannot apply, with its reason. A
family runs in a fork of its own. Fails when an applicable test fails, and when the list is stale: an
id that Keras no longer has, or a test that passes by now.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.slow

_HERE = Path(__file__).parent
_FAMILIES = (
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "optimizers/schedules",
    "ops",
)
_MOST_NOT_APPLICABLE = 0.05  # of the tests that Keras itself runs on torch
_WIDTH = 52
_COLUMNS = ("passed", "failed", "not applicable")


def list_files() -> list[str]:
    """Return the test files of all families, relative to Keras's sources, without importing Keras."""
    found = importlib.util.find_spec("keras")
    assert found is not None
    assert found.submodule_search_locations
    root = Path(found.submodule_search_locations[0]) / "src"
    files = [path for family in _FAMILIES for path in sorted((root / family).glob("*_test.py"))]
    internal = {file for group in _read_document()["internal"] for file in group["files"]}
    names = [path.relative_to(root).as_posix() for path in files]
    return [name for name in names if name not in internal]


@functools.cache
def _read_document() -> dict[str, Any]:
    return tomllib.loads((_HERE / "not_applicable.toml").read_text(encoding="utf-8"))


@functools.cache
def list_skips() -> tuple[str, ...]:
    """Return how the texts begin with which Keras skips tests on torch that are in no list."""
    return tuple(text for group in _read_document()["skipped"] for text in group["texts"])


@functools.cache
def read_list() -> tuple[str, dict[str, bool]]:
    """Return the version of Keras that the list was checked with, and test id → whether it may pass."""
    document = _read_document()
    listed: dict[str, bool] = {}
    for group in document["because"]:
        assert group["reason"]
        for test in group["tests"]:
            assert test not in listed, f"{test} is listed twice"
            listed[test] = group.get("may_pass", False)
    return document["keras"], listed


@functools.cache
def run_files() -> list[dict[str, Any]]:
    """Run all files, each family in a fork of one process; return a row for each test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [sys.executable, "-m", "kplug_peer", str(report), *list_files()],
            cwd=_HERE,
            env={**os.environ, "KERAS_BACKEND": "torch"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        rows: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))
    return rows


class Verdict(NamedTuple):
    """The outcome of one file: its number of tests, and the failures to mend."""

    counts: Counter[str]
    problems: list[str]


@functools.cache
def judge(file: str) -> Verdict:
    """Compare the outcomes of a file's tests with the list.

    Counts passed, failed and not applicable; of the last, those that Keras itself skips on torch; of the
    first, those that compare an error's words, where only its type was checked.
    """
    rows = [row for row in run_files() if row["id"].startswith(f"{file}::")]
    listed = {test: may for test, may in read_list()[1].items() if test.startswith(f"{file}::")}
    gone = listed.keys() - {row["id"] for row in rows}
    problems = [f"{test}: listed, but Keras has no such test" for test in sorted(gone)]
    counts: Counter[str] = Counter()
    for row in rows:
        test, outcome = row["id"], row["outcome"]
        is_skipped = outcome == "skipped" and row["text"].startswith(list_skips())
        if is_skipped or (test in listed and (outcome != "passed" or listed[test])):
            counts["not applicable"] += 1
            counts["skipped"] += outcome == "skipped"
            continue
        counts["passed" if outcome == "passed" else "failed"] += 1
        counts["worded"] += outcome == "passed" and row["worded"]
        if test in listed:
            problems.append(f"{test}: listed as not applicable, but it passes")
        elif outcome == "skipped":
            problems.append(f"{test}: skipped by Keras ({row['text']}), but not listed")
        elif outcome == "failed":
            problems.append(f"{test} failed:\n{row['text']}")
    return Verdict(counts, problems)


def format_row(name: str, cells: Iterable[object]) -> str:
    """Return a line of the table."""
    return f"{name:<{_WIDTH}}" + "".join(f"{cell:>16}" for cell in cells)


@pytest.mark.parametrize("file", list_files())
def test_file(file: str, table: list[str]) -> None:
    verdict = judge(file)
    if not table:
        table.append(format_row("file", _COLUMNS))
    table.append(format_row(file, (verdict.counts[column] for column in _COLUMNS)))
    version, _ = read_list()
    note = f"(not_applicable.toml was checked with keras {version})"
    assert not verdict.problems, "\n\n".join([*verdict.problems, note])


def test_every_listed_file_exists() -> None:
    _, listed = read_list()
    known = set(list_files())
    assert [test for test in listed if test.partition("::")[0] not in known] == []


def test_few_are_not_applicable(table: list[str]) -> None:
    counts = sum((judge(file).counts for file in list_files()), Counter[str]())
    total = sum(counts[column] for column in _COLUMNS)
    not_applicable, skipped = counts["not applicable"], counts["skipped"]
    share = (not_applicable - skipped) / (total - skipped)
    table.append(format_row("all", (counts[column] for column in _COLUMNS)))
    table.append("")
    table.append(
        f"keras {importlib.metadata.version('keras')}. Not applicable: {not_applicable / total:.1%} of "
        f"{total}; without the {skipped} that Keras itself skips on torch: {share:.1%} of {total - skipped}."
    )
    table.append(
        f"{counts['worded']} of the passed compare the words of an error or a warning, of which only "
        "the type was checked."
    )
    assert share < _MOST_NOT_APPLICABLE


def test_keras_cannot_stand_under_a_test() -> None:
    script = (
        "from kplug_peer.guard import bar_keras\n"
        "import keras\n"
        "bar_keras()\n"
        "for make in (keras.losses.MeanSquaredError, keras.metrics.Mean, keras.optimizers.SGD,\n"
        "             lambda: keras.initializers.Zeros()((2,)), lambda: keras.activations.relu(1.0),\n"
        "             lambda: keras.regularizers.L1()(1.0), lambda: keras.constraints.NonNeg()(1.0)):\n"
        "    try:\n"
        "        make()\n"
        "    except AssertionError as error:\n"
        "        print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=_HERE,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["KerasUnderTestError"] * 7


def test_a_stale_list_and_an_unlisted_failure_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = {
        "passes": "passed",
        "fails": "failed",
        "skips": "skipped",
        "listed_passes": "passed",
        "listed_may_pass": "passed",
        "listed_fails": "failed",
    }
    rows = [
        {"id": f"losses/x_test.py::T::{name}", "outcome": outcome, "text": "why", "worded": False}
        for name, outcome in outcomes.items()
    ]
    listed = {
        f"losses/x_test.py::T::{name}": name == "listed_may_pass"
        for name in ("listed_passes", "listed_may_pass", "listed_fails", "listed_gone")
    }
    monkeypatch.setitem(globals(), "run_files", lambda: rows)
    monkeypatch.setitem(globals(), "read_list", lambda: ("3", listed))
    verdict = judge.__wrapped__("losses/x_test.py")
    assert verdict.counts == Counter({"passed": 2, "failed": 2, "not applicable": 2})
    assert [problem.partition("::T::")[2] for problem in verdict.problems] == [
        "listed_gone: listed, but Keras has no such test",
        "fails failed:\nwhy",
        "skips: skipped by Keras (why), but not listed",
        "listed_passes: listed as not applicable, but it passes",
    ]
