"""TensorBoard: the event files are read back and compared with the run, and with Keras's tags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import kplug
from kplug.callbacks import TensorBoard
from kplug.callbacks.tensorboard import as_images
from kplug.errors import ArgumentValueError, MissingLibraryError
from kplug.layers import Conv2D, Dense, Flatten

STEPS, EPOCHS = 3, 2


def run(log_dir: Path, optimizer: str = "sgd(lr=0.0078125)", **options: Any) -> tuple[Any, Any]:
    model = kplug.Sequential(
        [
            Conv2D(2, 2, input_shape=(3, 3, 1), name="features"),
            Flatten(name="flatten"),
            Dense(1, name="decision"),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    x, y = np.ones((STEPS * 4, 3, 3, 1)), np.ones((STEPS * 4, 1))
    callback = TensorBoard(log_dir, **options)
    history = model.fit(
        x,
        y,
        batch_size=4,
        epochs=EPOCHS,
        validation_data=(x, y),
        callbacks=[callback],
        verbose=0,
    )
    return model, history.history


def read(log_dir: Path, name: str) -> Any:
    return EventAccumulator(str(log_dir / name)).Reload()


def scalars(events: Any, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_epochs_are_written_as_two_runs(tmp_path: Path) -> None:
    _, history = run(tmp_path)
    training, validation = read(tmp_path, "train"), read(tmp_path, "validation")
    # Keras 3.15 writes these tags with the same arguments.
    assert sorted(training.Tags()["scalars"]) == ["epoch_learning_rate", "epoch_loss", "epoch_mae"]
    assert sorted(validation.Tags()["scalars"]) == [
        "epoch_loss",
        "epoch_mae",
        "evaluation_loss_vs_iterations",
        "evaluation_mae_vs_iterations",
    ]
    for events, prefix in ((training, ""), (validation, "val_")):
        for log in ("loss", "mae"):
            found = scalars(events, f"epoch_{log}")
            assert [step for step, _ in found] == list(range(EPOCHS))
            assert [value for _, value in found] == pytest.approx(history[f"{prefix}{log}"])
    assert scalars(training, "epoch_learning_rate") == [(0, 0.0078125), (1, 0.0078125)]
    assert [step for step, _ in scalars(validation, "evaluation_loss_vs_iterations")] == [3, 6]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6])])
def test_steps_are_written_if_asked(tmp_path: Path, update_freq: Any, steps: list[int]) -> None:
    _, history = run(tmp_path, update_freq=update_freq)
    found = scalars(read(tmp_path, "train"), "batch_loss")
    assert [step for step, _ in found] == steps
    # The logs of a step are the averages of the epoch so far: the last one's are the epoch's.
    assert found[-1][1] == pytest.approx(history["loss"][-1])


def test_steps_that_run_together_count_each(tmp_path: Path) -> None:
    model = kplug.Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", steps_per_execution=3)
    board = TensorBoard(tmp_path, update_freq=4)
    model.fit(np.ones((14, 2)), np.ones((14, 1)), 2, 2, callbacks=[board], verbose=0)
    found = scalars(read(tmp_path, "train"), "batch_loss")
    assert [step for step, _ in found] == [6, 10, 13]  # seven steps an epoch, seen after 3, 6 and 7


def test_weights_are_written_as_histograms_and_images(tmp_path: Path) -> None:
    model, _ = run(tmp_path, histogram_freq=1, write_images=True, write_steps_per_second=True)
    events = read(tmp_path, "train")
    assert events.Tags()["histograms"] == [
        "features/kernel/histogram",
        "features/bias/histogram",
        "decision/kernel/histogram",
        "decision/bias/histogram",
    ]
    kernel = model.get_weights()[2]
    last = events.Histograms("decision/kernel/histogram")[-1]
    assert (last.step, last.histogram_value.num) == (EPOCHS - 1, kernel.size)
    assert last.histogram_value.sum == pytest.approx(kernel.sum(), rel=1e-5)
    image = events.Images("decision/kernel/image")[-1]
    assert (image.height, image.width) == (1, 8)
    assert all(value > 0 for _, value in scalars(events, "epoch_steps_per_second"))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5,), (1, 1, 5, 1)),
        ((2, 5), (1, 2, 5, 1)),
        ((5, 2), (1, 2, 5, 1)),
        ((2, 3, 7), (7, 2, 3, 1)),
        ((2, 2, 1, 4), (4, 2, 2, 1)),
        ((2, 2, 3, 4), (2, 2, 3, 4)),
        ((2, 2, 3, 5), None),
        ((1, 1), None),
    ],
)
def test_weights_are_pictures_as_in_keras(shape: tuple[int, ...], expected: Any) -> None:
    images = as_images(np.zeros(shape))
    assert (None if images is None else images.shape) == expected


def test_the_graph_can_be_drawn_by_tensorboard(tmp_path: Path) -> None:
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def

    run(tmp_path)
    (event,) = read(tmp_path, "train").Tensors("keras")
    graph = keras_model_to_graph_def(json.loads(event.tensor_proto.string_val[0]))
    names = [node.name.rpartition("/")[2] for node in graph.node]
    assert names[-3:] == ["features", "flatten", "decision"]
    assert [name.rpartition("/")[2] for name in graph.node[-1].input] == ["flatten"]
    run(tmp_path / "without", write_graph=False)
    assert read(tmp_path / "without", "train").Tags()["tensors"] == []


def test_the_graph_of_branches_can_be_drawn_too(tmp_path: Path) -> None:
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def

    left, right = kplug.Input((3,), name="left"), kplug.Input((3,), name="right")
    summed = kplug.layers.Add(name="sum")([Dense(2, name="one")(left), Dense(2, name="two")(right)])
    model = kplug.Model([left, right], summed, name="branches")
    model.compile("sgd", "mse")
    inputs, targets = [np.ones((4, 3))] * 2, np.ones((4, 2))
    model.fit(inputs, targets, callbacks=[TensorBoard(tmp_path)], verbose=0)
    (event,) = read(tmp_path, "train").Tensors("keras")
    graph = keras_model_to_graph_def(json.loads(event.tensor_proto.string_val[0]))
    inputs_of = {
        node.name.rpartition("/")[2]: [name.rpartition("/")[2] for name in node.input]
        for node in graph.node
    }
    assert inputs_of == {
        "left": [],
        "right": [],
        "one": ["left"],
        "two": ["right"],
        "sum": ["one", "two"],
    }


def test_torch_optimizers_have_a_rate_too(tmp_path: Path) -> None:
    run(tmp_path, "torch/sgd(lr=0.0078125)")
    assert scalars(read(tmp_path, "train"), "epoch_learning_rate") == [
        (0, 0.0078125),
        (1, 0.0078125),
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"update_freq": 0},
            "'update_freq' is 0; allowed: 'epoch', 'batch' or a number of steps >= 1",
        ),
        ({"histogram_freq": -1}, "'histogram_freq' is -1; allowed: a number of epochs >= 0"),
    ],
)
def test_wrong_numbers_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        TensorBoard("logs", **options)
    assert str(caught.value).endswith(f"argument {text}")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")

    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(MissingLibraryError) as caught:
        TensorBoard("logs")
    assert str(caught.value) == (
        "TensorBoard needs the library tensorboard, which cannot be imported\n"
        '  Install it with: pip install "kplug[tensorboard]".'
    )
