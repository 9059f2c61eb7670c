"""ModelCheckpoint, driven with made-up logs and compared with Keras's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import given, strategies as st

from kplug.callbacks import ModelCheckpoint
from kplug.errors import ArgumentValueError, KplugWarning
from tests.callbacks import fake_run

STEPS = 5
NAME = "{epoch:02d}-{val_loss:.3f}.keras"


class Recorder:
    """A model that only notes what is saved."""

    def __init__(self) -> None:
        self.saved: list[str] = []
        self.stop_training = False

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(Path(path).name)

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(f"weights {Path(path).name}")


def drive(callback: Any, losses: list[float], steps: int = STEPS, width: int = 1) -> list[str]:
    """Run epochs with these losses, ``width`` steps at once; return the names of the files."""
    model = Recorder()
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin({})
    for epoch, loss in enumerate(losses):
        callback.on_epoch_begin(epoch, {})
        for batch in range(width - 1, steps, width):
            callback.on_train_batch_end(batch, {"loss": loss})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
    callback.on_train_end({})
    return model.saved


@given(
    losses=st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=8),
    best_only=st.booleans(),
    mode=st.sampled_from(["min", "max", "auto"]),
    threshold=st.none() | st.floats(-5, 5, width=32),
)
def test_what_is_saved_after_epochs_is_what_keras_saves(
    tmp_path_factory: pytest.TempPathFactory,
    losses: list[float],
    best_only: bool,
    mode: str,
    threshold: float | None,
) -> None:
    path = str(tmp_path_factory.getbasetemp() / NAME)
    options: dict[str, Any] = {
        "save_best_only": best_only,
        "mode": mode,
        "initial_value_threshold": threshold,
    }
    theirs = drive(keras.callbacks.ModelCheckpoint(path, **options), losses)
    assert drive(ModelCheckpoint(path, **options), losses) == theirs


@pytest.mark.parametrize("save_freq", [1, 2, 3, 7, 12])
@pytest.mark.parametrize(("steps", "width"), [(5, 1), (6, 2), (6, 3)])
def test_what_is_saved_after_steps_is_what_keras_saves(
    tmp_path: Path, save_freq: int, steps: int, width: int
) -> None:
    path = str(tmp_path / "{epoch}-{batch}-{loss:.2f}.keras")
    losses = [0.5, 0.25, 0.75, 1.0]
    theirs = drive(keras.callbacks.ModelCheckpoint(path, save_freq=save_freq), losses, steps, width)
    assert drive(ModelCheckpoint(path, save_freq=save_freq), losses, steps, width) == theirs


def test_weights_alone_are_saved_if_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "{epoch}.weights.h5")
    options: dict[str, Any] = {"save_weights_only": True}
    theirs = drive(keras.callbacks.ModelCheckpoint(path, **options), [0.5, 0.25])
    assert drive(ModelCheckpoint(path, **options), [0.5, 0.25]) == theirs


def test_every_so_many_epochs_as_keras_2(tmp_path: Path) -> None:
    # Keras 2.2.4: epochs_since_last_save counts up to the period, and the best of these is asked for.
    path = str(tmp_path / "{epoch}.keras")
    assert drive(ModelCheckpoint(path, period=3), [1.0] * 7) == ["3.keras", "6.keras"]
    callback = ModelCheckpoint(path, period=2, save_best_only=True)
    assert drive(callback, [0.1, 0.5, 0.1, 0.6, 0.3, 0.4]) == ["2.keras", "6.keras"]


def test_an_epoch_without_the_log_saves_nothing_over_the_best(tmp_path: Path) -> None:
    callback = ModelCheckpoint(tmp_path / "best.keras", monitor="val_auc", save_best_only=True)
    message = (
        "ModelCheckpoint watches 'val_auc', and this epoch has no log of that name; "
        "it has: loss, val_loss"
    )
    with pytest.warns(KplugWarning, match=message):
        assert drive(callback, [0.5]) == []


def test_what_is_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "best.keras"
    drive(ModelCheckpoint(path, save_best_only=True, verbose=1), [0.5, 0.75, 0.25])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: val_loss improved to 0.50000",
        f"Epoch 1: saving to {path}",
        "Epoch 2: val_loss did not improve from 0.50000",
        "Epoch 3: val_loss improved from 0.50000 to 0.25000",
        f"Epoch 3: saving to {path}",
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"save_freq": "batch"},
            "'save_freq' is 'batch'; allowed: 'epoch' or a number of steps >= 1",
        ),
        ({"save_freq": 0}, "'save_freq' is 0; allowed: 'epoch' or a number of steps >= 1"),
        ({"save_freq": True}, "'save_freq' is True; allowed: 'epoch' or a number of steps >= 1"),
        ({"period": 0}, "'period' is 0; allowed: a number of epochs >= 1"),
        ({"period": 2, "save_freq": 5}, "'period' is 2; allowed: 1 when save_freq counts steps"),
    ],
)
def test_a_wrong_frequency_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        ModelCheckpoint("m.keras", **options)
    assert str(caught.value) == f"ModelCheckpoint: argument {text}"


def test_checkpoints_are_named_by_epoch_and_logs(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "w.{epoch:02d}-{val_loss:.2f}.h5")
    model, _ = fake_run.drive(ModelCheckpoint(path, save_weights_only=True), [0.5, 0.25])
    assert [Path(each).name for each in model.saved] == ["w.01-0.50.h5", "w.02-0.25.h5"]
    assert (tmp_path / "deep").is_dir()


def test_only_the_best_are_saved_if_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "w{epoch}.h5")
    callback = ModelCheckpoint(path, save_weights_only=True, save_best_only=True)
    model, _ = fake_run.drive(callback, [0.5, 0.6, 0.4])
    assert [Path(each).name for each in model.saved] == ["w1.h5", "w3.h5"]


def test_an_unknown_field_of_the_file_name_is_reported() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        fake_run.drive(ModelCheckpoint("w{val_acc}.h5", save_weights_only=True), [0.5])
    assert str(caught.value) == (
        "ModelCheckpoint: argument 'filepath' is 'w{val_acc}.h5'; allowed: fields among "
        "epoch, loss, val_loss"
    )


def test_a_model_that_saves_only_weights_is_told_so_at_once() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        fake_run.drive(ModelCheckpoint("w.h5"), [0.5])
    assert str(caught.value) == (
        "ModelCheckpoint: argument 'save_weights_only' is False; allowed: True, because the model "
        "has no save()"
    )
