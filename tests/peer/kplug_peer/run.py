"""Running loaded test files with unittest, and what came of each test."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import multiprocessing
import traceback
import unittest
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from .cases import worded
from .imports import load

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Outcomes(unittest.TestResult):
    """Collects ``{"id", "outcome", "text", "worded"}`` for each test of one file."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file, self.rows = file, []  # type: tuple[str, list[dict[str, Any]]]

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._add(test, PASSED)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, FAILED, _describe(err))

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        if issubclass(err[0], pytest.skip.Exception):
            self._add(test, SKIPPED, str(err[1]))
        else:
            self._add(test, FAILED, _describe(err))

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._add(test, SKIPPED, reason)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self._add(test, FAILED, _describe(err))

    def _add(self, test: unittest.TestCase, outcome: str, text: str = "") -> None:
        method = getattr(test, "_testMethodName", str(test))
        whole = f"{self.file}::{type(test).__name__}::{method}"
        if self.rows and self.rows[-1]["id"] == whole:  # a subtest failed before
            return
        row = {"id": whole, "outcome": outcome, "text": text, "worded": worded(test)}
        self.rows.append(row)


def main(arguments: list[str]) -> int:
    """Run the files named after the report's path, each folder's in a fork, and write the report."""
    import keras  # noqa: F401 - once, for all forks

    from . import guard, names  # noqa: F401

    report, *files = arguments
    context = multiprocessing.get_context("fork")
    rows: list[dict[str, Any]] = []
    for _, group in itertools.groupby(files, lambda file: file.rpartition("/")[0]):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_run_family, args=(list(group), sender))
        process.start()
        sender.close()
        rows += receiver.recv()
        process.join()
    Path(report).write_text(json.dumps(rows), encoding="utf-8")
    return 0


def _run_family(files: list[str], sender: Connection) -> None:
    from .guard import bar_keras
    from .names import make_stand_ins

    root = find_keras()
    modules = []
    for file in files:
        name = "keras_peer_" + file.replace("/", "_").removesuffix(".py")
        modules.append((file, load(root / file, name, make_stand_ins(file))))
    bar_keras()
    rows: list[dict[str, Any]] = []
    for file, module in modules:
        outcomes = Outcomes(file)
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            for test in _list_tests(module):
                test.run(outcomes)
        rows.extend(outcomes.rows)
    sender.send(rows)


def find_keras() -> Path:
    """Return the folder of the installed wheel that holds Keras's sources, without importing it."""
    found = importlib.util.find_spec("keras")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("keras is not installed: pip install 'kplug[test]'")
    return Path(found.submodule_search_locations[0]) / "src"


def _list_tests(module: Any) -> Iterator[unittest.TestCase]:
    loader = unittest.TestLoader()
    for suite in loader.loadTestsFromModule(module):
        for test in suite if isinstance(suite, unittest.TestSuite) else [suite]:
            if isinstance(test, unittest.TestCase):
                _mark_skips(test)
                yield test


def _mark_skips(test: unittest.TestCase) -> None:
    """Obey ``pytest.mark.skipif``, which unittest does not know; what Keras on torch cannot do, kplug may."""
    function = getattr(type(test), test._testMethodName)
    marks = [*getattr(type(test), "pytestmark", []), *getattr(function, "pytestmark", [])]
    for mark in marks:
        reason = mark.kwargs.get("reason", "")
        is_about_keras = reason.startswith("Torch doesn't support")
        if mark.name == "skipif" and mark.args[0] and not is_about_keras:
            setattr(test, test._testMethodName, functools.partial(test.skipTest, reason))


def _describe(error: Any) -> str:
    return "".join(traceback.format_exception(*error))[-3000:]
