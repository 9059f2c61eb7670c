"""The trace of a run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug import layers
from kplug.callbacks import LambdaCallback
from kplug.errors import ArgumentValueError, KplugWarning
from kplug.models import Sequential

X, Y = np.ones((400, 3), "float32"), np.zeros((400, 1), "float32")


def make_model() -> Sequential:
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile(optimizer="adam", loss="mse")
    return model


def read_names(path: Path) -> list[str]:
    """Return the names of what a trace shows, steps and operations."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    trace = json.loads(text)
    assert isinstance(trace["traceEvents"], list)
    complete = [event for event in trace["traceEvents"] if event.get("ph") == "X"]
    assert all({"name", "ts", "dur", "pid", "tid"} <= event.keys() for event in complete)
    return [event["name"] for event in complete]


def list_steps(names: list[str]) -> list[int]:
    return sorted(int(name[5:]) for name in names if name.startswith("step "))


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_a_trace_shows_twenty_steps_and_their_operations(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    make_model().fit(X, Y, batch_size=4, epochs=2, verbose=0, profile=path)
    names = read_names(path)
    assert list_steps(names) == list(range(6, 26))
    for operation in ("aten::addmm", "aten::_fused_adam_"):
        assert names.count(operation) == 20
    assert any("Backward" in each for each in names)


@pytest.mark.parametrize(("batch_size", "steps"), [(400, [1]), (200, [2]), (100, [3, 4])])
def test_a_short_run_has_a_short_warm_up(tmp_path: Path, batch_size: int, steps: list[int]) -> None:
    make_model().fit(X, Y, batch_size=batch_size, verbose=0, profile=str(tmp_path / "t.json"))
    assert list_steps(read_names(tmp_path / "t.json")) == steps


def test_steps_are_counted_across_epochs(tmp_path: Path) -> None:
    make_model().fit(X, Y, batch_size=100, epochs=2, verbose=0, profile=tmp_path / "t.json")
    assert list_steps(read_names(tmp_path / "t.json")) == [5, 6, 7, 8]


def generate(count: int) -> Iterator[Any]:
    for _ in range(count):
        yield X[:4], Y[:4]


def test_a_run_of_unknown_length_that_ends_early_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    with pytest.warns(KplugWarning) as caught:
        make_model().fit(generate(5), verbose=0, profile=path)
    assert str(caught[0].message) == (
        f"fit: no trace was written to {str(path)!r}: the run had 5 steps, and the first 5 are not "
        "recorded"
    )
    make_model().fit(generate(6), verbose=0, profile=path)
    assert list_steps(read_names(path)) == [6]


def test_several_steps_in_one_go_count_as_one(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile(optimizer="adam", loss="mse", steps_per_execution=3)
    model.fit(X, Y, batch_size=40, verbose=0, profile=tmp_path / "t.json")
    names = read_names(tmp_path / "t.json")
    assert list_steps(names) == [3, 4]
    assert names.count("aten::_fused_adam_") == 4


def test_an_interrupted_run_leaves_its_trace(tmp_path: Path) -> None:
    def interrupt(batch: int, logs: Any) -> None:
        if batch == 8:
            raise KeyboardInterrupt

    watcher = LambdaCallback(on_train_batch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_model().fit(
            X, Y, batch_size=4, verbose=0, callbacks=[watcher], profile=tmp_path / "t.json"
        )
    assert list_steps(read_names(tmp_path / "t.json"))[:3] == [6, 7, 8]
    make_model().fit(X, Y, verbose=0, profile=tmp_path / "t.json")  # the profiler is free again


@pytest.mark.parametrize("kind", ["missing", "folder", "number"])
def test_a_file_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    paths: dict[str, Any] = {"missing": Path("no/t.json"), "folder": Path(), "number": 5}
    model = make_model()
    before = model.get_weights()
    with pytest.raises(ArgumentValueError) as caught:
        model.fit(X, Y, verbose=0, profile=paths[kind])
    shown = 5 if kind == "number" else str(paths[kind])
    assert str(caught.value) == (
        f"fit: argument 'profile' is {shown!r}; allowed: a file in an existing folder that you may "
        "write to"
    )
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
