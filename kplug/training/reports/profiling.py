"""Profiles steps of a run: ``fit(..., profile="trace.json")``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function
from typing_extensions import override

from kplug.callbacks import Callback
from kplug.components.arguments import refusal
from kplug.registry.user_warnings import warn

# Skipped: the first steps allocate, choose algorithms and compile.
_WARM_UP = 5
# Enough to see a pattern; traces of many more steps are too large for trace viewers.
_RECORDED = 20


@contextmanager
def profile_steps(
    path: str | os.PathLike[str] | None, steps: int | None
) -> Iterator[list[Callback]]:
    """Yield the callbacks that profile a run; the profile is finished also after an error.

    Args:
        path: The file, in Chrome's trace format; with ``.gz`` at the end, compressed. None records nothing.
        steps: Steps in the run, or None if unknown.

    Raises:
        ArgumentValueError: If the file cannot be written; raised before training.
    """
    if path is None:
        yield []
        return
    recorder = StepRecorder(_check_path(path), steps)
    try:
        yield [recorder]
        recorder.check()
    finally:
        recorder.finish()


def _check_path(path: Any) -> Path:
    allowed = "a file in an existing folder that you may write to"
    if not isinstance(path, (str, os.PathLike)):
        raise refusal("fit", "profile", path, allowed)
    folder = Path(path).absolute().parent
    if Path(path).is_dir() or not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise refusal("fit", "profile", str(path), allowed)
    return Path(path)


class StepRecorder(Callback):
    """Records some steps after the first ones, and writes their trace."""

    def __init__(self, path: Path, steps: int | None) -> None:
        self.path = path
        self.warm_up = _WARM_UP if steps is None else min(_WARM_UP, steps // 2)
        self._done = 0
        self._profiler: Any = None
        self._span: Any = None
        self._is_over = False

    @override
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._done == self.warm_up and self._profiler is None:
            self._start()
        if self._profiler is not None:
            self._span = record_function(f"step {self._done + 1}")
            self._span.__enter__()

    @override
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._done += 1
        self._end_span()
        if self._done == self.warm_up + _RECORDED:
            self.finish()

    def _start(self) -> None:
        if self._is_over:
            return
        activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        self._profiler = profile(activities=activities)
        self._profiler.start()

    def _end_span(self) -> None:
        if self._span is not None:
            self._span.__exit__(None, None, None)
            self._span = None

    def finish(self) -> None:
        """Write the trace; later calls do nothing."""
        if self._is_over:
            return
        self._is_over = True
        self._end_span()
        if self._profiler is not None:
            profiler, self._profiler = self._profiler, None
            profiler.stop()
            profiler.export_chrome_trace(str(self.path))

    def check(self) -> None:
        """Warn at the end of a run that was too short to profile."""
        if self._done <= self.warm_up:
            warn(
                f"fit: no trace was written to {str(self.path)!r}: the run had {self._done} steps, and "
                f"the first {self.warm_up} are not recorded"
            )
