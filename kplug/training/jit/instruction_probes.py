"""Answers torch's questions of which vector instructions the C++ compiler can write.

For each question torch builds a library, and loads it in a process of its own; every process asks anew. Here
the compiler only compiles the question's code, and what it can write is remembered in files.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import torch

from kplug.training.jit.code_library import find_folder


def start_probes(options: dict[str, Any]) -> threading.Thread:
    """Have torch find its vector instructions in a thread, where other processes do the work.

    Args:
        options: torch's options for the graph to compile.
    """
    from torch._inductor import config, cpu_vec_isa

    def probe() -> None:
        if sys.platform != "linux":
            return
        asking: Any = cpu_vec_isa.VecISA
        answers, before = Answers(), asking.check_build
        asking.check_build = lambda isa, code: answers.can_write(code, isa.build_arch_flags())
        try:
            with config.patch(options):  # settings are those of a thread
                cpu_vec_isa.valid_vec_isa_list()  # torch keeps the list
        finally:
            asking.check_build = before

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    return thread


class Answers:
    """Records which code the C++ compiler accepts, and with which flags, in memory and on disk."""

    def __init__(self) -> None:
        from torch._inductor import cpp_builder, exc

        self._compiler: str | None = None
        with contextlib.suppress(exc.InvalidCxxCompiler):  # torch says later that there is none
            self._compiler = shutil.which(cpp_builder.get_cpp_compiler())
        self._written: dict[str, list[set[str]]] = {}

    def can_write(self, code: str, flags: str) -> bool:
        """Return whether the compiler takes code with these flags."""
        if self._compiler is None:
            return False
        wanted, known = set(flags.split()), self._written.setdefault(code, [])
        # Code that is taken with more flags is taken with fewer: torch passes those that it needs.
        if not any(wanted <= each for each in known):
            answer = self._find_file(code, flags)
            if not answer.exists():
                if not _compile(self._compiler, code, flags):
                    return False  # not kept: it may have failed for want of memory
                with contextlib.suppress(OSError):  # a full disk costs the next process time
                    answer.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    answer.touch()
            known.append(wanted)
        return True

    def _find_file(self, code: str, flags: str) -> Path:
        program = Path(str(self._compiler)).resolve()
        found = program.stat()
        said = repr(
            (code, flags, str(program), found.st_size, found.st_mtime_ns, torch.__version__)
        )
        return find_folder() / f"{hashlib.sha256(said.encode()).hexdigest()}.written"


def _compile(compiler: str, code: str, flags: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, *flags.split(), "-x", "c++", "-", "-c", "-o", f"{folder}/probe.o"]
        done = subprocess.run(  # noqa: S603 - the compiler that torch runs
            command, input=code.encode(), capture_output=True, check=False
        )
    return done.returncode == 0
