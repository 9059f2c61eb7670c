"""Which questions of torch's are compiled, which are known, and that torch gets the answers."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from kplug.training.jit import instruction_probes
from kplug.training.jit.instruction_probes import Answers, start_probes

needs_compiler = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("g++"), reason="needs g++ on Linux"
)
pytestmark = needs_compiler


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the code that goes to the compiler."""
    found: list[str] = []
    make = instruction_probes._compile

    def compile_code(compiler: str, code: str, flags: str) -> bool:
        found.append(code)
        return make(compiler, code, flags)

    monkeypatch.setattr(instruction_probes, "_compile", compile_code)
    return found


def test_an_answer_is_kept_for_the_next_process(compiled: list[str], tmp_path: Path) -> None:
    assert Answers().can_write("int puddle;", "-O1 -g")
    assert Answers().can_write("int puddle;", "-O1 -g")
    assert compiled == ["int puddle;"]
    assert [each.suffix for each in (tmp_path / "kplug").iterdir()] == [".written"]
    assert Answers().can_write("int puddle;", "-O2")
    assert Answers().can_write("int pond;", "-O1 -g")
    assert compiled == ["int puddle;"] * 2 + ["int pond;"]


def test_code_that_is_taken_with_more_flags_is_not_compiled_with_fewer(compiled: list[str]) -> None:
    answers = Answers()
    assert answers.can_write("int puddle;", "-O1 -g -Wall")
    assert answers.can_write("int puddle;", "-g -O1")
    assert len(compiled) == 1


@pytest.mark.parametrize(
    ("code", "flags"), [("int puddle = pond;", "-O1"), ("int puddle;", "-mno-such-instructions")]
)
def test_a_refusal_is_asked_again(code: str, flags: str, compiled: list[str]) -> None:
    answers = Answers()
    assert not answers.can_write(code, flags)
    assert not answers.can_write(code, flags)
    assert len(compiled) == 2


def test_another_compiler_is_asked_again(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.write_text(f'#!/bin/sh\nexec {shutil.which("g++")} "$@"\n')
    other.chmod(0o755)
    assert Answers().can_write("int puddle;", "-O1")
    monkeypatch.setattr(shutil, "which", lambda name: str(other))
    assert Answers().can_write("int puddle;", "-O1")
    assert len(compiled) == 2


def test_without_a_compiler_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import cpp_builder, exc

    def search() -> str:
        raise exc.InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", search)
    assert not Answers().can_write("int puddle;", "-O1")


def test_a_disk_that_cannot_be_written_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "file"))
    assert Answers().can_write("int puddle;", "-O1")


def test_torch_gets_the_answers_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config, cpu_vec_isa

    found: list[Any] = []
    before = cpu_vec_isa.VecISA.check_build

    def ask() -> list[Any]:
        found.append((threading.current_thread(), config.cpp.vec_isa_ok))
        found.append(cpu_vec_isa.VecAVX2().check_build("int puddle;"))
        return []

    monkeypatch.setattr(cpu_vec_isa, "valid_vec_isa_list", ask)
    monkeypatch.setattr(instruction_probes, "_compile", lambda *_: True)  # by any processor
    thread = start_probes({"cpp.vec_isa_ok": True})
    thread.join()
    assert found == [(thread, True), True]
    assert cpu_vec_isa.VecISA.check_build is before
