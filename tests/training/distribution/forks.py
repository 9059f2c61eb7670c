"""Starts worker.py as torchrun does, in forks of one process: imports take 5 s in a process.

What a fork raises is told by torchrun, where a script tells it by itself.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.training.distribution import worker

WORKER = Path(worker.__file__)
PRELOADED = [__name__, "torch._dynamo", "torch.distributed.run", "torch.distributed.fsdp"]


def run_forked(folder: Path, cases: str, processes: int) -> subprocess.CompletedProcess[str]:
    """Do what ``run`` of test_ddp.py does for worker.py."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    outputs = [folder / "stdout", folder / "stderr"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = context.Process(target=_launch, args=(cases, folder, processes, outputs, environment))
    process.start()
    process.join(600)
    if process.exitcode is None:
        process.kill()
        process.join()
    return subprocess.CompletedProcess(
        [cases], process.exitcode or 0, *(path.read_text() for path in outputs)
    )


def _launch(
    cases: str, folder: Path, processes: int, outputs: list[Path], environment: dict[str, str]
) -> None:
    for stream, path in zip((sys.stdout, sys.stderr), outputs, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    os.environ.update(environment)
    if processes == 1:
        _work(cases, folder)
        return
    from torch.distributed import run
    from torch.distributed.launcher.api import elastic_launch

    options = ["--nnodes=1", "--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0"]
    arguments = run.parse_args(  # type: ignore[no-untyped-call]
        [*options, f"--nproc-per-node={processes}", str(WORKER)]
    )
    config: Any = run.config_from_args(arguments)[0]
    config.start_method = "fork"
    elastic_launch(config, _work)(cases, folder)


def _work(cases: str, folder: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # torchrun's own until here
    sys.argv = [str(WORKER), cases, str(folder)]
    atexit._clear()
    try:
        worker.main()
    finally:
        atexit._run_exitfuncs()  # multiprocessing does so since Python 3.13
