"""Readings of all built-ins on processors that round differently, and with other numbers of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kplug_numbers.file_comparison import compare_files
from kplug_numbers.numbers_file import NumbersFile, read_file

ROOT = Path(__file__).parents[3]
# Arguments of components that have no defaults stand with the tests of the contract suite.
PROGRAM = """
import sys, time
from pathlib import Path
import torch
from kplug import Spec
from kplug.inspection import KINDS, list_components
from kplug_numbers.making import RECIPES, make_reading
from kplug_numbers.numbers_file import NumbersFile
from tests.contract.examples import find_examples

def work():  # as readings do: many small operations
    began, x = time.process_time(), torch.ones(8)
    for _ in range(1000):
        x = x * 0.5 + 1.0
    return time.process_time() - began

torch.set_num_threads(int(sys.argv[2]))
examples, readings, times, units = find_examples(), {}, [], [work()]
for kind in RECIPES:
    for one in list_components(KINDS[kind]):
        example = examples.get(f"{kind}/{one.qualified_name}")
        if one.origin.distribution not in ("kplug", "torch") or one.name in ("Functional", "stft"):
            continue
        began = time.process_time()
        arguments = dict(example.arguments) if example else {}
        spec = Spec(one.qualified_name, kwargs=arguments)
        found = make_reading(kind, spec, is_twice=False)
        times.append(time.process_time() - began)
        units.append(work())
        readings[found.kind, found.spec] = found
Path(sys.argv[1]).write_text(NumbersFile(readings).to_json())
unit = sorted(units)[len(units) // 2]
print(sum(times) / unit, sorted(times)[len(times) // 2] / unit)
"""


def _read_all(path: Path, threads: int, capability: str) -> tuple[NumbersFile, list[float]]:
    environment = {
        **os.environ,
        "ATEN_CPU_CAPABILITY": capability,
        "ONEDNN_MAX_CPU_ISA": "AVX2" if capability == "avx2" else "SSE41",
        "PYTHONPATH": str(ROOT),
    }
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(path), str(threads)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return read_file(path), [float(each) for each in result.stdout.split()]


@pytest.mark.slow
def test_all_built_ins_compute_the_same_everywhere_and_within_the_time(tmp_path: Path) -> None:
    plain, (total, median) = _read_all(tmp_path / "default.json", 1, "default")
    assert len(plain.readings) > 250
    assert total < 3000  # thousands of small operations: seconds would be those of this machine
    assert median < 6
    other, _ = _read_all(tmp_path / "avx2.json", 2, "avx2")
    assert other.readings.keys() == plain.readings.keys()
    results = compare_files(plain, other)
    assert [str(one) for one in results if one.outcome != "same"] == []
