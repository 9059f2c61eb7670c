"""Processes that are killed in the middle of something, however fast the machine is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable


def stop_while(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    """Stop a process while something is so: it is asked again when the process stands still."""
    while True:
        while not is_so():
            assert process.poll() is None, "the process ended before"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if is_so():
            return
        process.send_signal(signal.SIGCONT)
