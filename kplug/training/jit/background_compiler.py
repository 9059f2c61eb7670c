"""Compiles a graph in a subprocess while training goes on."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from typing import IO

import torch
from torch import Tensor, fx

from kplug.training.jit.compiler_worker import CompilerReport, CompilerRequest
from kplug.training.jit.graph_description import GraphDescription

_START = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from kplug.training.jit.compiler_worker import main; main()"
)


class BackgroundCompiler:
    """Compiles one graph in a process of low priority.

    A thread would not help: most of torch's compiler is Python, which would compete with the steps for the
    GIL. Files instead of pipes keep both processes from blocking.

    Args:
        graph: The graph.
        tensors: Inputs of the shapes, strides and types that all calls have.

    Raises:
        OSError: If no process can be started.
    """

    def __init__(self, graph: fx.GraphModule, tensors: Sequence[Tensor]) -> None:
        kinds = [(each.shape, each.stride(), each.dtype, each.device) for each in tensors]
        request = CompilerRequest(
            GraphDescription.of(graph), kinds, torch.get_num_threads(), os.getpid()
        )
        self._answer: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the process writes into it
        with tempfile.TemporaryFile() as question:
            pickle.dump(request, question)
            question.seek(0)
            self._process = subprocess.Popen(  # noqa: S603 - this Python, with our own arguments
                [sys.executable, "-c", _START, *sys.path],
                stdin=question,
                stdout=self._answer,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that Ctrl-C does not reach it
            )
        self.end = weakref.finalize(self, _end, self._process, self._answer)

    @property
    def is_running(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def read_report(self) -> CompilerReport | None:
        """Return the report of an ended process, or None if it failed."""
        self._answer.seek(0)
        text = self._answer.read()
        failed = self._process.returncode != 0
        self.end()
        return None if failed else CompilerReport(**json.loads(text))


def _end(process: subprocess.Popen[bytes], answer: IO[bytes]) -> None:
    """End a process and its compiler subprocesses."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (OSError, AttributeError):  # it has just ended, or this is Windows
            process.kill()
        process.wait()
    answer.close()
