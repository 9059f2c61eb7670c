"""The process that compiles while another one trains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import fx
from torch.fx.experimental.proxy_tensor import make_fx

from kplug.training.jit import background_compiler
from kplug.training.jit.background_compiler import BackgroundCompiler

INPUTS = [torch.randn(3, 4), torch.randn(4, 5)]
SLEEP = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
)


def make_graph() -> fx.GraphModule:
    graph = make_fx(lambda x, y: (x @ y * torch.tensor(0.5)).relu().sum(0))(*INPUTS)
    for node in graph.graph.nodes:
        node.meta = {}
    return graph


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_graph_is_compiled_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = "import os; os.nice = int; "  # one that gives way may never end on a busy machine
    monkeypatch.setattr(background_compiler, "_START", hasty + background_compiler._START)
    compiler = BackgroundCompiler(make_graph(), INPUTS)
    assert wait_until(lambda: not compiler.is_running, seconds=600)
    report = compiler.read_report()
    assert report is not None
    assert report.compile_seconds > 0
    assert report.call_seconds is not None
    assert 0 < report.call_seconds < 0.1


@pytest.mark.slow
def test_the_process_gives_way() -> None:
    compiler = BackgroundCompiler(make_graph(), INPUTS)
    process = compiler._process.pid
    assert wait_until(lambda: os.getpriority(os.PRIO_PROCESS, process) == 19, seconds=600)
    compiler.end()


@pytest.mark.slow
def test_a_killed_parent_takes_the_process_along(tmp_path: Path) -> None:
    """A kill leaves nobody to end it, so it looks after its parent itself."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:] = {sys.path!r}\n"
        "from kplug.training.jit import compiler_worker\n"
        "from tests.training.jit.test_background_compiler import *\n"
        "compiler = BackgroundCompiler(make_graph(), INPUTS)\n"
        "print(compiler._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert is_group_alive(group)
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_group_alive(group), seconds=600)


@pytest.fixture
def _sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_compiler, "_START", SLEEP)


@pytest.mark.usefixtures("_sleeping")
@pytest.mark.parametrize("is_dropped", [False, True])
def test_ending_it_ends_its_compilers_too(is_dropped: bool) -> None:
    compiler = BackgroundCompiler(make_graph(), INPUTS)
    group = compiler._process.pid
    assert compiler.is_running
    if is_dropped:
        del compiler
    else:
        compiler.end()
    assert wait_until(lambda: not is_group_alive(group), seconds=600)


def test_a_process_that_fails_has_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_compiler, "_START", "raise SystemExit(1)")
    compiler = BackgroundCompiler(make_graph(), INPUTS)
    assert wait_until(lambda: not compiler.is_running, seconds=600)
    assert compiler.read_report() is None
