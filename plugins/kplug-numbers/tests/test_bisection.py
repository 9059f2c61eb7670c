"""``kplug numbers bisect``: which versions are tried, and when nothing can be said."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kplug_numbers import Part, Reading, bisection, wheel_process
from kplug_numbers.bisection import find_change_of_component, find_change_of_model
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import NumbersFile
from kplug_numbers.wheel_process import run_with_wheel

from kplug import PublishedVersion

Answer = Callable[[str], list[Any]]  # what a process answers with a version


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.keras"
    path.write_bytes(b"")
    return path


def _write(folder: Path, name: str, *, is_wheel: bool = True) -> Path:
    path = folder / f"{name}-py3-none-any.whl"
    path.write_bytes(b"no archive")
    if is_wheel:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tide.py", "x = 1\n" * 100)
    return path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[str]]:
    """Return what lets processes answer otherwise; it returns the versions that are asked."""
    asked: list[str] = []

    def set_answer(answer: Answer) -> list[str]:
        def run(wheel: Path | None, *_: object) -> list[Any]:
            asked.append("here" if wheel is None else wheel.name.split("-")[1])
            return answer(asked[-1])

        monkeypatch.setattr(bisection, "run_with_wheel", run)
        return asked

    return set_answer


def _publish(monkeypatch: pytest.MonkeyPatch, folder: Path, *versions: str, **facts: Any) -> None:
    """Let the registries have versions of tide."""
    found = [
        PublishedVersion(version, lambda _, of=version: folder / f"tide-{of}-x.whl", **facts)  # type: ignore[misc]
        for version in versions
    ]
    monkeypatch.setattr(bisection, "find_versions", lambda name: found if name == "tide" else [])


def test_what_is_no_version_of_one_plugin_is_refused(model: Path, tmp_path: Path) -> None:
    one, other = _write(tmp_path, "tide-0.1"), _write(tmp_path, "wave-0.1")
    with pytest.raises(ReadingError, match="wheels of one plugin"):
        find_change_of_model(model, [one, other])
    with pytest.raises(ReadingError, match=r"'a\.zip' is no name of a wheel"):
        find_change_of_model(model, [one, tmp_path / "a.zip"])
    with pytest.raises(ReadingError, match="there is no file"):
        find_change_of_model(tmp_path / "none.keras", [one])
    with pytest.raises(ReadingError, match="cannot be read: BadZipFile"):
        find_change_of_model(model, [_write(tmp_path, "tide-0.2", is_wheel=False)])


def test_processes_and_wheels_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = _write(tmp_path, "tide-0.1")
    assert run_with_wheel(wheel, "import tide; answer([tide.x, *sys.argv[1:]])", "a") == [1, "a"]
    with pytest.raises(ReadingError, match="the process that runs it ended: its status is 3"):
        run_with_wheel(wheel, "raise SystemExit(3)")
    monkeypatch.setattr(wheel_process, "_MOST_MEMORY", 1 << 28)
    with pytest.raises(ReadingError, match="the process that runs it ended: MemoryError"):
        run_with_wheel(wheel, "answer(len(bytearray(1 << 30)))")
    monkeypatch.setattr(wheel_process, "_MOST_SECONDS", 0.1)
    with pytest.raises(ReadingError, match="takes too long"):
        run_with_wheel(wheel, "import time; time.sleep(60)")
    monkeypatch.setattr(wheel_process, "_MOST_BYTES", 10)
    with pytest.raises(ReadingError, match="unpacks to more than 10 bytes"):
        run_with_wheel(wheel, "")


@pytest.mark.slow  # two processes import torch
def test_a_damaged_model_is_no_change_of_the_plugin(model: Path, tmp_path: Path) -> None:
    wheels = [_write(tmp_path, f"tide-0.{number}") for number in (1, 2)]
    fault = r"with tide 0\.1 it cannot be loaded: .*this is not a zip archive"
    with pytest.raises(ReadingError, match=fault):
        find_change_of_model(model, wheels)


@pytest.mark.parametrize("outcome", ["cannot be compared", "cannot be loaded"])
def test_what_no_version_can_say_is_no_change(
    model: Path, tmp_path: Path, answers: Callable[[Answer], list[str]], outcome: str
) -> None:
    wheels = [_write(tmp_path, f"tide-0.{number}") for number in (1, 2, 3)]
    answers(lambda _: [outcome, "the file has no table", ["tide"]])
    with pytest.raises(ReadingError, match=rf"with tide 0\.1 it {outcome}: the file has no table"):
        find_change_of_model(model, wheels)
    answers(lambda version: [outcome if version == "0.3" else "same", "", ["tide"]])
    change = find_change_of_model(model, wheels)
    assert change is not None
    assert (change.version, change.outcome, change.before) == ("0.3", outcome, "0.2")


def test_wheels_that_the_model_does_not_use_say_nothing(
    model: Path, tmp_path: Path, answers: Callable[[Answer], list[str]]
) -> None:
    answers(lambda _: ["same", "", ["kplug", "wave"]])
    with pytest.raises(ReadingError, match=r"m\.keras uses no component of tide"):
        find_change_of_model(model, [_write(tmp_path, "tide-0.1"), _write(tmp_path, "tide-0.2")])


def test_few_versions_are_loaded(
    model: Path, tmp_path: Path, answers: Callable[[Answer], list[str]]
) -> None:
    wheels = [_write(tmp_path, f"tide-0.{number}") for number in range(1, 21)]
    asked = answers(
        lambda version: ["differs" if int(version[2:]) > 12 else "same", "1, now 2", ["tide"]]
    )
    change = find_change_of_model(model, wheels[::-1])
    assert change is not None
    assert (change.version, change.before, change.message) == ("0.13", "0.12", "1, now 2")
    assert len(asked) <= 6
    assert find_change_of_model(model, wheels[:5]) is None


def test_versions_of_the_model_s_plugin_come_from_registries(
    model: Path,
    tmp_path: Path,
    answers: Callable[[Answer], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _publish(monkeypatch, tmp_path, "0.10", "0.9")
    used = ["kplug", "tide", "torch"]
    asked = answers(lambda version: ["differs" if version == "0.10" else "same", "", used])
    change = find_change_of_model(model, [])
    assert change is not None
    assert (change.distribution, change.version, change.before) == ("tide", "0.10", "0.9")
    assert asked == ["here", "0.10", "0.9"]
    used.append("wave")
    with pytest.raises(
        ReadingError, match=r"uses components of tide, wave\n  Name the plugin: --pl"
    ):
        find_change_of_model(model, [])
    assert find_change_of_model(model, [], "tide") == change
    with pytest.raises(ReadingError, match="has a version of 'wave'"):
        find_change_of_model(model, [], "wave")
    answers(lambda _: ["cannot be loaded", "no loss is named 'tide'", []])
    with pytest.raises(ReadingError, match="cannot be loaded here: no loss is named 'tide'"):
        find_change_of_model(model, [])


def _read(value: float, spec: str = "tide/tide(depth=2.0)") -> Reading:
    return Reading("loss", spec, 1, "2.13", {"value": Part("float64", (), (value,), abs(value))})


def test_a_component_that_versions_have_recorded_is_not_run(
    tmp_path: Path, answers: Callable[[Answer], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = NumbersFile({("loss", "tide/tide(depth=2.0)"): _read(2.0)}).to_json().encode()
    _publish(monkeypatch, tmp_path, "0.1", "0.2", read_numbers=lambda: numbers)
    asked = answers(lambda _: ["", _read(1.0, "tide/tide").to_json()])
    assert find_change_of_component(_read(2.0), [], "tide") is None
    change = find_change_of_component(_read(1.0), [], "tide")
    assert change is not None
    assert (change.version, change.message) == ("0.1", "value: 1, now 2, by 50 %")
    assert asked == []
    assert find_change_of_component(_read(1.0, "tide/tide"), [], "tide") is None
    assert asked == ["0.2"]
    with pytest.raises(ReadingError, match="is of wave, and the wheels are of tide"):
        find_change_of_component(_read(1.0), [_write(tmp_path, "tide-0.1")], "wave")
    older = replace(_read(2.0), recipe=0)  # than what the versions have recorded
    answers(lambda _: ["", older.to_json()])
    assert find_change_of_component(older, [], "tide") is None
    assert asked == ["0.2", "0.2"]
    answers(lambda _: ["it is random", ""])
    with pytest.raises(ReadingError, match=r"with tide 0\.1 it cannot be compared: it is random"):
        find_change_of_component(_read(1.0, "tide/tide"), [], "tide")
