"""Progress output: a live bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import io
import sys
import time
from contextlib import closing, redirect_stdout
from types import ModuleType
from typing import Any, ClassVar

import pytest
from rich.console import Console

from kplug.training.reports.progress_bar import ProgressDisplay, format_logs


def run_epoch(verbose: Any, **options: Any) -> str:
    file = io.StringIO()
    console = Console(file=file, width=120, **options)
    with closing(ProgressDisplay(verbose, console)) as display:
        display.start("Epoch 1/2", 10)
        display.redraw(5, lambda: {"loss": 0.75})
        display.finish(10, {"accuracy": 0.5, "loss": 0.25})
    return file.getvalue()


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_a_file_gets_one_line_without_control_codes(verbose: Any) -> None:
    text = run_epoch(verbose)
    assert text.startswith("Epoch 1/2 - ")
    assert text.endswith("/step - accuracy: 0.5000 - loss: 0.2500\n")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_nothing_is_shown_if_asked() -> None:
    assert run_epoch(0) == ""


def test_a_terminal_gets_a_bar_with_live_logs() -> None:
    text = run_epoch(1, force_terminal=True)
    assert "5/10" in text
    assert "loss: 0.7500" in text
    assert "accuracy: 0.5000 - loss: 0.2500" in text


def test_the_bar_says_how_much_time_is_left() -> None:
    clock, file = [0.0], io.StringIO()
    console = Console(file=file, width=120, force_terminal=True, get_time=lambda: clock[0])
    with closing(ProgressDisplay(1, console)) as display:
        display.start("Epoch 1/1", 100)
        for done in (10, 20, 30):
            clock[0] = done / 2  # two steps a second
            display.redraw(done, dict)
    assert "35.0s left" in file.getvalue()


def test_live_logs_have_the_order_of_the_last_line() -> None:
    file = io.StringIO()
    with closing(ProgressDisplay(1, Console(file=file, width=120, force_terminal=True))) as display:
        display.start("Epoch 1/1", 10)
        display.redraw(5, lambda: {"loss": 0.5, "accuracy": 0.75})
    assert "accuracy: 0.7500 - loss: 0.5000" in file.getvalue()


def test_a_narrow_terminal_keeps_the_count_of_steps() -> None:
    file = io.StringIO()
    logs = {f"a_metric_with_a_long_name_{number}": 0.5 for number in range(4)}
    with closing(ProgressDisplay(1, Console(file=file, width=60, force_terminal=True))) as display:
        display.start("Epoch 1/1", 100)
        display.finish(100, logs)
    assert "100/100" in file.getvalue()


def test_a_line_per_epoch_stays_plain_on_a_terminal() -> None:
    assert "\x1b" not in run_epoch(2, force_terminal=True)


def test_a_bar_of_unknown_length_is_possible() -> None:
    file = io.StringIO()
    with closing(ProgressDisplay(1, Console(file=file, force_terminal=True))) as display:
        display.start("Predict", None)
        display.redraw(3, dict)
        display.finish(4, {})
    running, _, ended = file.getvalue().partition("3/?")
    assert "4/4" not in running
    assert "4/4" in ended


def test_logs_are_not_read_when_there_is_no_bar() -> None:
    display = ProgressDisplay(1, Console(file=io.StringIO()))
    display.start("Epoch 1/1", 1)
    display.redraw(1, lambda: pytest.fail("read without a bar"))
    assert display.next_redraw == float("inf")


def test_the_bar_is_redrawn_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [5.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    with closing(ProgressDisplay(1, Console(file=io.StringIO(), force_terminal=True))) as display:
        display.start("Epoch 1/1", 1)
        assert display.next_redraw == pytest.approx(5.1)
        clock[0] = 7.0
        display.redraw(1, dict)
        assert display.next_redraw == pytest.approx(7.1)


def test_small_values_are_written_with_an_exponent() -> None:
    assert format_logs({"a": 0.0005, "b": 0.0, "c": -2.5, "d": "x"}) == (
        "a: 5.0000e-04 - b: 0.0000 - c: -2.5000 - d: x"
    )


class OutStream(io.StringIO):
    """Stands for a kernel's standard output."""


class DisplayHandle:
    """Stands for IPython's handle of an output updated in place; a saved notebook has its last state."""

    shown: ClassVar[list[list[str]]] = []

    def display(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.states = list(data.values())
        self.shown.append(self.states)

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.states.extend(data.values())


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> OutStream:
    """Standard output as in a notebook: of Jupyter, Colab, VS Code, whatever their shell is called."""
    stream = OutStream()
    DisplayHandle.shown = []
    iostream, display = ModuleType("ipykernel.iostream"), ModuleType("IPython.display")
    vars(iostream)["OutStream"], vars(display)["DisplayHandle"] = OutStream, DisplayHandle
    monkeypatch.setitem(sys.modules, "ipykernel.iostream", iostream)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as kernels do
    return stream


def run_phase(file: io.StringIO, verbose: Any, *, redraws: int = 0) -> None:
    with redirect_stdout(file), closing(ProgressDisplay(verbose)) as display:
        display.start("Epoch 1/2", 10)
        for done in range(1, redraws + 1):
            display.redraw(done, lambda: {"loss": 0.75})
        display.finish(
            10, {"accuracy": 0.5, "loss": 0.25, **{f"metric_{n}": 0.5 for n in range(9)}}
        )


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_a_notebook_gets_one_plain_line_for_each_phase(verbose: Any, kernel: OutStream) -> None:
    run_phase(kernel, verbose)
    run_phase(kernel, verbose)
    lines = kernel.getvalue().splitlines()
    assert [line.startswith("Epoch 1/2 - ") for line in lines] == [True, True]
    assert all(line.endswith("metric_8: 0.5000") and "\x1b" not in line for line in lines)
    assert DisplayHandle.shown == []


def test_a_notebook_shows_nothing_if_asked(kernel: OutStream) -> None:
    run_phase(kernel, 0, redraws=2)
    assert (kernel.getvalue(), DisplayHandle.shown) == ("", [])


def test_a_long_phase_in_a_notebook_has_a_line_that_changes_and_ends_empty(
    kernel: OutStream,
) -> None:
    run_phase(kernel, 1, redraws=2)
    ((first, second, last),) = DisplayHandle.shown
    assert first.startswith("Epoch 1/2 - 1/10 - ")
    assert second.startswith("Epoch 1/2 - 2/10 - ")
    assert second.endswith(" left - loss: 0.7500")
    assert last == ""
    assert kernel.getvalue().count("\n") == 1


def test_an_interrupted_phase_in_a_notebook_says_how_far_it_got(kernel: OutStream) -> None:
    with redirect_stdout(kernel), closing(ProgressDisplay(1)) as display:
        display.start("Evaluate", None)
        display.redraw(3, dict)
    assert DisplayHandle.shown == [["Evaluate - 3/?"]]
    assert kernel.getvalue() == ""


def test_a_phase_in_a_notebook_is_redrawn_at_most_once_a_second(
    kernel: OutStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 5.0)
    with redirect_stdout(kernel), closing(ProgressDisplay(1)) as display:
        display.start("Epoch 1/1", 10)
        assert display.next_redraw == pytest.approx(6.0)
    assert display.next_redraw == float("inf")
    assert kernel.getvalue() == ""


def test_output_that_a_notebook_sends_elsewhere_gets_lines(kernel: OutStream) -> None:
    run_phase(file := io.StringIO(), 1, redraws=2)
    assert file.getvalue().count("\n") == 1
    assert "\x1b" not in file.getvalue()
    assert (kernel.getvalue(), DisplayHandle.shown) == ("", [])
