"""Wheels that take much to read are refused within a budget, and others are read afterwards."""

from __future__ import annotations

import os
import random
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.wheels import DeclaredComponent, read_wheel
from kplug_registry.wheels.reading_process import BUDGET, WheelReader

MakeWheel = Callable[..., Path]
INIT, BIG = "kplug_waves/__init__.py", "kplug_waves/big.py"
NAMES = range(4_000)
MANY = {
    "entry_points": "[kplug.losses]\n" + "".join(f"wave{n} = kplug_waves:wave{n}\n" for n in NAMES)
}
IMPORTS = "from .big import " + ", ".join(f"Wave as wave{n}" for n in NAMES) + "\n"
DEFINITIONS = "".join(f"wave{n} = 1\n" for n in NAMES)
NOISE = {
    "kplug_waves/noise": random.Random(0).randbytes(60 << 10).hex()
}  # few bytes unpack to many


@pytest.fixture(scope="module")
def readers() -> Iterator[dict[int, WheelReader]]:
    """By seconds, readers that allow them."""
    budget = replace(BUDGET, memory=400 << 20, patience=60)
    with (
        WheelReader(budget=replace(budget, seconds=1)) as hasty,
        WheelReader(budget=replace(budget, seconds=60)) as patient,
    ):
        yield {1: hasty, 60: patient}


def list_stars() -> dict[str, str]:
    """Return modules of which each imports all names of twenty others; the last has the names."""
    files = {f"kplug_waves/s3_{n}.py": "" for n in range(20)}
    for level in range(3):
        stars = "".join(f"from .s{level + 1}_{n} import *\n" for n in range(20))
        files |= {f"kplug_waves/s{level}_{n}.py": stars for n in range(20)}
    stars = "".join(f"from .s0_{n} import *\n" for n in range(19))
    return {INIT: f"{stars}from .big import *\n", BIG: DEFINITIONS, **files}


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "4 MiB of numbers": (
        {"code": {INIT: "1," * (2 << 20), **NOISE}},
        # On a slow machine the time is over first.
        "(is no Python that can be read: it is nested too deeply, or takes too much memory"
        "|reading it takes more than 2 s)",
    ),
    "many modules": (
        {
            "code": {
                INIT: "".join(f"from .m{n} import *\n" for n in range(12)),
                **{f"kplug_waves/m{n}.py": "#" * (1 << 20) for n in range(12)},
                **NOISE,
            }
        },
        r"have \d+ bytes with kplug_waves/m\d+\.py, and 8388608 are parsed\n  Put data",
    ),
    "brackets": ({"code": {INIT: f"x = {'(' * 100_000}"}}, "is no Python that can be read"),
    "signs": ({"code": {INIT: f"x = {'-' * 500_000}1"}}, "is no Python that can be read"),
    "elif": (
        {"code": {INIT: "if x: y = 1\n" + "elif x: y = 1\n" * 20_000}},
        "is no Python that can be read",
    ),
    "stars of stars": (
        {"code": list_stars(), **MANY},
        r"reading it takes more than 2 s of processor time\n  Build it without generated data",
    ),
    "one long class for all": (
        {"code": {INIT: IMPORTS, BIG: "class Wave:\n" + " x = 1\n" * 40_000}, **MANY},
        "reading it takes more than 2 s of processor time",
    ),
    "one long text for all": (
        {"code": {INIT: IMPORTS, BIG: f"class Wave:\n '''{'wave ' * 4_000}'''"}, **MANY},
        r"have 80\d+ characters with loss 'wave\d+', and 8000000 are allowed\n  Divide it",
    ),
    "one endless text for all": (
        {"code": {INIT: IMPORTS, BIG: "class Wave:\n '''" + "wave\n" * 400_000 + "'''"}, **MANY},
        "reading it takes more than 2 s of processor time",
    ),
    "requirements for all": (
        {"code": {INIT: DEFINITIONS}, "requires": f"kplug>{'1' * 9_000}", **MANY},
        r"have 80\d+ characters with loss",
    ),
    "RECORD of 10 MB": (
        {"code": {INIT: "", **NOISE}, "record": lambda rows: [*rows, "x" * 10_000_000]},
        "RECORD is larger than 4194304 bytes",
    ),
    "METADATA of 3 MB": (
        {"code": {INIT: "", **NOISE}, "metadata": "Requires-Dist: a\n" * 180_000},
        "(its requirements have more than 20000|reading it takes more than 2 s)",
    ),
    "a long requirement": (
        {"metadata": f"Requires-Dist: {'a' * 900_000}!\n"},
        "METADATA: requires",
    ),
    "a deep marker": ({"metadata": f"Requires-Dist: a; {'(' * 50_000}\n"}, "METADATA: requires"),
}


# These use up the time that they are allowed.
LONG = {"stars of stars", "one long class for all", "one endless text for all", "METADATA of 3 MB"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=pytest.mark.slow) if one in LONG else one for one in HOSTILE],
)
def test_what_takes_too_much_is_refused_and_the_next_is_read(
    make_wheel: MakeWheel, readers: dict[int, WheelReader], name: str
) -> None:
    facts, message = HOSTILE[name]
    reader = readers[1 if "more than 2 s" in message else 60]  # a slow machine takes longer
    with pytest.raises(WheelError, match=rf"^kplug_waves-1\.0-py3-none-any\.whl: .*{message}"):
        reader.read(make_wheel(**facts))
    other = make_wheel("kplug-tides")
    assert reader.read(other) == read_wheel(other)


def test_a_hundred_thousand_aliases_are_refused(make_wheel: MakeWheel) -> None:
    aliases = tuple(f"ebb{n}" for n in range(100_000))
    ebb = DeclaredComponent(
        *("loss", "ebb", aliases, "kplug-waves", "1.0", "kplug_waves:wave_loss", "", None),
        successor=None,
        is_qualified_only=True,
    )
    path = make_wheel(entry_points="[kplug]\nplugin = kplug_waves\n")
    with pytest.raises(WheelError, match="declares 100001 names of components, and 5000 are all"):
        read_wheel(path, [ebb])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(make_wheel: MakeWheel, method: int) -> None:
    path = make_wheel()
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr("kplug_waves/data.bin", b"wave")
    with pytest.raises(WheelError, match=rf"data\.bin' is compressed by the method {method}, and"):
        read_wheel(path)


@pytest.mark.slow
def test_a_process_that_ended_between_two_wheels_is_replaced(make_wheel: MakeWheel) -> None:
    wheel = make_wheel()
    with WheelReader() as reader:
        assert reader.read(wheel) == read_wheel(wheel)
        process, _ = reader._start()
        process.kill()
        process.join()
        assert reader.read(wheel) == read_wheel(wheel)
        assert reader._start()[0] is not process


def test_a_process_that_ends_or_stands_still_costs_its_wheel(make_wheel: MakeWheel) -> None:
    wheel = make_wheel()
    with WheelReader(budget=replace(BUDGET, patience=0)) as reader:
        process, _ = reader._start()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)  # else it may be quick enough
        with pytest.raises(WheelError, match="it was not read within 0 s"):
            reader.read(wheel)
        assert not process.is_alive()
        process, connection = reader._start()
        process.kill()
        process.join()
        reader._asked.append((wheel, (process, connection)))
        with pytest.raises(WheelError, match="ended the process that reads it, with status -9"):
            reader.take()


def test_a_wheel_that_is_only_wrong_ends_no_process(make_wheel: MakeWheel) -> None:
    wheel = make_wheel()
    with WheelReader() as reader:
        process, _ = reader._start()
        with pytest.raises(WheelError, match="cannot be opened"):
            reader.read(wheel.parent / "kplug_nothing-1.0-py3-none-any.whl")
        assert reader.read(wheel) == read_wheel(wheel)
        assert reader._start()[0] is process


@pytest.mark.slow
def test_time_grows_with_the_wheel(tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    assert BUDGET.find_seconds(path) == 10
    with path.open("wb") as file:
        file.truncate(512 << 20)
    assert BUDGET.find_seconds(path) == 74
