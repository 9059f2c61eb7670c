"""The section of ``kplug env`` about the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.training import machine
from kplug.training.machine import describe_bfloat16, describe_machine, read_flags


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nflags\t\t: fma avx2\n")
    monkeypatch.setattr(machine, "read_flags", lambda: read_flags(file))
    return file


@pytest.mark.usefixtures("flags")
def test_a_section_of_the_environment() -> None:
    section = describe_machine({"KPLUG_ALLOCATOR": "system", "ONEDNN_MAX_CPU_ISA": "AVX2"})
    assert section.title == "This machine"
    assert section.entries == {
        "memory": {"freed by a step": "left to malloc: KPLUG_ALLOCATOR is 'system'"},
        "processor": {
            "bfloat16": describe_bfloat16(frozenset()),
            "limited by": "ONEDNN_MAX_CPU_ISA=AVX2",
        },
    }


def test_memory_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_tuning_obstacle", lambda environ: None)
    section = describe_machine({})
    assert section.entries["memory"] == {"freed by a step": "kept for the next step"}
    assert list(section.entries["processor"]) == ["bfloat16"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("flags\t: fma amx_bf16\nflags\t: other\n", frozenset({"fma", "amx_bf16"})),
        ("processor : 0\nFeatures : asimd bf16\n", frozenset({"asimd", "bf16"})),
        ("model name : a flags : b\n", None),
        ("", None),
    ],
)
def test_flags(text: str, found: frozenset[str] | None, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert read_flags(tmp_path / "cpuinfo") == found


def test_a_system_without_a_list_of_flags(tmp_path: Path) -> None:
    assert read_flags(tmp_path / "cpuinfo") is None
    assert describe_bfloat16(None).startswith("unknown")
    assert describe_bfloat16(frozenset({"bf16"})).startswith("fast, by Arm BF16")
