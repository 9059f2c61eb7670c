"""A progress bar for loops that users write."""

from __future__ import annotations

import keras
import pytest

from kplug.errors import ArgumentValueError
from kplug.utils import Progbar


def test_means_are_weighted_by_steps_as_in_keras() -> None:
    ours, theirs = Progbar(9, verbose=0), keras.utils.Progbar(9, verbose=0)
    for done, value in ((2, 1.0), (3, 4.0), (7, 2.5)):
        ours.update(done, [("loss", value)])
        theirs.update(done, [("loss", value)])
    total, count = theirs._values["loss"]
    assert ours.means == {"loss": pytest.approx(total / count)}


@pytest.mark.parametrize(
    "arguments", [{"stateful_metrics": ["rate"]}, {"stateless_metrics": ["loss"]}], ids=str
)
def test_stateful_values_are_shown_as_they_are(arguments: dict[str, list[str]]) -> None:
    bar = Progbar(3, verbose=0, **arguments)  # type: ignore[arg-type]
    bar.add(1, [("rate", 1.0), ("loss", 1.0)])
    bar.add(1, [("rate", 5.0), ("loss", 2.0)])
    assert bar.means == {"rate": 5.0, "loss": 1.5}


@pytest.mark.parametrize("verbose", [1, 2])
def test_one_line_is_printed_where_there_is_no_terminal(
    verbose: int, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = Progbar(2, verbose=verbose)
    bar.add(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""
    bar.add(1, [("loss", 2.0)])
    bar.update(2, finalize=True)  # as Keras's callback does at the end of an epoch
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2/2 - ")
    assert line.endswith("/step - loss: 1.5000")


def test_a_bar_without_a_target_ends_when_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(None)
    bar.add(5)
    assert capsys.readouterr().out == ""
    bar.update(6, finalize=True)
    assert capsys.readouterr().out.endswith("/step\n")


def test_two_lists_of_names_are_refused() -> None:
    with pytest.raises(ArgumentValueError, match="'stateless_metrics'"):
        Progbar(2, verbose=0, stateful_metrics=["a"], stateless_metrics=["b"])


def test_an_unfinished_count_is_not_called_finished(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(10)
    bar.update(7, finalize=True)
    assert capsys.readouterr().out.startswith("7/10 - ")
