"""`plot_component`: a component drawn into a file, by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

import kplug
from kplug.errors import ArgumentError
from kplug.utils import plot_component


@kplug.example({"slope": 2.0})
def tilted(y_true: Tensor, y_pred: Tensor, slope: float) -> Tensor:
    """A loss that cannot be made without an argument."""
    return slope * (y_true - y_pred).abs()


def test_the_sentence_says_what_is_in_the_picture(tmp_path: Path) -> None:
    found = plot_component("regularizer", "l1(0.5)", tmp_path / "l1.svg")
    assert found == (
        "l1(0.5): penalty over a weight: 1 at -2, 1 at 2; the lowest is 0 at 0, the highest 1 at -2"
    )
    text = (tmp_path / "l1.svg").read_text()
    assert all(f">{each}<" in text for each in ("l1(0.5)", "a weight", "penalty"))


def test_what_needs_arguments_is_made_with_its_authors_example(tmp_path: Path) -> None:
    with kplug.scope(losses={"tilted": tilted}):
        found = plot_component("loss", "tilted", tmp_path / "tilted.png")
        assert found.startswith("tilted(slope=2.0): loss over y_pred, where y_true is 1: 6 at -2")
        assert plot_component("loss", "tilted(slope=1.0)", tmp_path / "tilted.png").startswith(
            "tilted(slope=1.0): loss over y_pred, where y_true is 1: 3 at -2"
        )


def test_an_optimizer_is_described_by_where_it_goes(tmp_path: Path) -> None:
    found = plot_component("optimizer", "sgd(lr=0.05)", tmp_path / "sgd.svg")
    assert found.startswith(
        "sgd(lr=0.05): second weight over first weight, in 1000 steps: from (-1, 0.6)"
    )


@pytest.mark.parametrize(
    ("kind", "spec", "error", "message"),
    [
        (
            "metric",
            "auc",
            ArgumentError,
            "nothing shows what a metric does\n  It draws activations",
        ),
        (
            "regularizer",
            "orthogonal_regularizer",
            ArgumentError,
            "this is no function of one number",
        ),
        (
            "optimizer",
            "sgd(lr=10.0)",
            ArgumentError,
            r"leads nowhere, or away, .*: sgd\(lr=10\.0\)",
        ),
        ("schedule", "exponential_decay", ArgumentError, "needs 'initial_learning_rate' and"),
        ("loss", "no_such_loss", kplug.KplugError, "no loss is named 'no_such_loss'"),
    ],
)
def test_what_cannot_be_drawn_writes_nothing(
    tmp_path: Path, kind: str, spec: str, error: Callable[..., Exception], message: str
) -> None:
    with pytest.raises(kplug.KplugError, match=message) as caught:
        plot_component(kind, spec, tmp_path / "a.svg")
    assert isinstance(caught.value, error)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
