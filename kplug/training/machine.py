"""The machine's section of ``kplug env``: its allocator and its processor. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kplug.registry.env_section import Section
from kplug.training.allocator import find_tuning_obstacle

# The flags of Linux that stand for fast bfloat16, and their names.
_BFLOAT16 = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16", "bf16": "Arm BF16"}
_LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")


def describe_machine(environ: Mapping[str, str] = os.environ) -> Section:
    """Return the facts about this machine that training depends on, as a section of ``kplug env``."""
    obstacle = find_tuning_obstacle(environ)
    memory = "kept for the next step" if obstacle is None else f"left to malloc: {obstacle}"
    processor = {"bfloat16": describe_bfloat16(read_flags())}
    limits = [f"{name}={environ[name]}" for name in _LIMITS if name in environ]
    if limits:
        processor["limited by"] = ", ".join(limits)
    return Section("This machine", {"memory": {"freed by a step": memory}, "processor": processor})


def describe_bfloat16(flags: frozenset[str] | None) -> str:
    """Return in words whether a processor with these flags computes in bfloat16.

    Example:
        >>> describe_bfloat16(frozenset({"fma", "avx512_bf16", "amx_bf16"}))
        "fast, by AMX, AVX512-BF16: compile(precision='bf16') may pay"
        >>> describe_bfloat16(frozenset({"fma"}))
        "slow, without instructions of its own: compile(precision='bf16') takes longer"
    """
    if flags is None:
        return "unknown, as this system does not tell the processor's flags"
    names = [name for flag, name in _BFLOAT16.items() if flag in flags]
    if not names:
        return "slow, without instructions of its own: compile(precision='bf16') takes longer"
    return f"fast, by {', '.join(names)}: compile(precision='bf16') may pay"


def read_flags(file: Path = Path("/proc/cpuinfo")) -> frozenset[str] | None:
    """Return the flags of the first processor that Linux lists; None if there is no list."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, flags = line.partition(":")
        if key.strip() in ("flags", "Features"):  # of x86, of Arm
            return frozenset(flags.split())
    return None
