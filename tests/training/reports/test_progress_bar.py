"""What a person sees of a run: a bar that is drawn now and then, or one line when it ends."""

from __future__ import annotations

import io
import time
from contextlib import closing
from typing import Any

import pytest
from rich.console import Console

from kplug.errors import ArgumentValueError
from kplug.training.reports.progress_bar import (
    ProgressDisplay,
    check_verbose,
    format_logs,
    format_seconds,
)


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


def test_a_verbosity_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        check_verbose(3)
    assert str(caught.value) == "fit: argument 'verbose' is 3; allowed: 0, 1, 2 or 'auto'"


def test_small_values_are_written_with_an_exponent() -> None:
    assert format_logs({"a": 0.0005, "b": 0.0, "c": -2.5, "d": "x"}) == (
        "a: 5.0000e-04 - b: 0.0000 - c: -2.5000 - d: x"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(2e-5, "20us"), (0.25, "250ms"), (2.5, "2.5s"), (125.0, "2m05s")]
)
def test_durations_have_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
