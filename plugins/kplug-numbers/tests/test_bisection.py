"""``kplug numbers bisect`` with files that are no wheels, and processes that do not answer."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from kplug_numbers import bisection
from kplug_numbers.bisection import find_change
from kplug_numbers.errors import ReadingError


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


def test_what_is_no_version_of_one_plugin_is_refused(model: Path, tmp_path: Path) -> None:
    one, other = _write(tmp_path, "tide-0.1"), _write(tmp_path, "wave-0.1")
    with pytest.raises(ReadingError, match="wheels of one plugin"):
        find_change(model, [one, other])
    with pytest.raises(ReadingError, match=r"'a\.zip' is no name of a wheel"):
        find_change(model, [one, tmp_path / "a.zip"])
    with pytest.raises(ReadingError, match="there is no file"):
        find_change(tmp_path / "none.keras", [one])
    with pytest.raises(ReadingError, match="cannot be read: BadZipFile"):
        find_change(model, [_write(tmp_path, "tide-0.2", is_wheel=False)])


def test_processes_and_wheels_have_limits(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = _write(tmp_path, "tide-0.1")
    monkeypatch.setattr(bisection, "_PROGRAM", "raise SystemExit(3)")
    with pytest.raises(
        ReadingError, match="the process that loads the model ended: its status is 3"
    ):
        find_change(model, [wheel])
    monkeypatch.setattr(bisection, "_PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(bisection, "_MOST_SECONDS", 0.1)
    with pytest.raises(ReadingError, match="does not load in time"):
        find_change(model, [wheel])
    monkeypatch.setattr(bisection, "_MOST_BYTES", 10)
    with pytest.raises(ReadingError, match="unpacks to more than 10 bytes"):
        find_change(model, [wheel])


def test_a_damaged_model_is_no_change_of_the_plugin(model: Path, tmp_path: Path) -> None:
    wheels = [_write(tmp_path, f"tide-0.{number}") for number in (1, 2)]
    fault = r"with tide 0\.1 the model cannot be loaded: .*this is not a zip archive"
    with pytest.raises(ReadingError, match=fault):
        find_change(model, wheels)


def test_few_versions_are_loaded(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = [_write(tmp_path, f"tide-0.{number}") for number in range(1, 21)]
    asked = []

    def load(_: Path, wheel: Path, verify: str = "numbers") -> str:
        asked.append(wheel)
        return "differs" if wheels.index(wheel) >= 12 else ""

    monkeypatch.setattr(bisection, "_load", load)
    change = find_change(model, reversed(wheels))
    assert change is not None
    assert (change.version, change.before, change.message) == ("0.13", "0.12", "differs")
    assert len(asked) <= 6
    assert find_change(model, wheels[:5]) is None
