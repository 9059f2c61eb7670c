"""Keras 2's methods of models."""

from __future__ import annotations

import linecache
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.errors import DeprecatedComponentWarning

X, Y = np.ones((8, 3), "float32"), np.eye(2, dtype="float32")[[0, 1] * 4]


def batches() -> Iterator[Any]:
    while True:
        yield X[:4], Y[:4]


@pytest.fixture
def model(installed: Any) -> Any:
    made = installed.models.Sequential([installed.layers.Dense(2, "softmax", input_dim=3)])
    made.compile("sgd", "mse", ["accuracy"])
    return made


def test_logs_have_the_names_of_keras_2(model: Any) -> None:
    history = model.fit(X, Y, 4, 2, 0, validation_data=(X, Y)).history
    assert set(history) == {"acc", "loss", "val_acc", "val_loss"}
    assert model.metrics_names == ["loss", "acc"]


@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
@pytest.mark.parametrize(
    "arguments",
    [{"steps_per_epoch": 2, "epochs": 3}, {"steps_per_epoch": 2, "nb_epoch": 3, "max_q_size": 1}],
)
def test_generators_have_methods_of_their_own(model: Any, arguments: dict[str, int]) -> None:
    history = model.fit_generator(
        batches(), verbose=0, workers=1, validation_data=batches(), validation_steps=1, **arguments
    )
    assert history.epoch == [0, 1, 2]
    assert len(model.evaluate_generator(batches(), steps=2)) == 2
    assert model.predict_generator(batches(), steps=2).shape == (8, 2)


def test_classes_are_predicted(model: Any) -> None:
    assert model.predict_classes(X).shape == (8,)
    assert model.predict_proba(X).shape == (8, 2)
    one: Any = kplug.Sequential([kplug.layers.Dense(1, "sigmoid", input_dim=3)])
    assert one.predict_classes(X).shape == (8, 1)


def test_warnings_name_the_line_of_the_script(installed: Any, tmp_path: Path) -> None:
    old = kplug.Component("old", lambda y_true, y_pred: y_pred - y_true, lifecycle="deprecated")
    places = []
    with kplug.scope(losses={"old": old}):
        model = installed.models.Sequential([installed.layers.Dense(2, input_dim=3)])
        with pytest.warns(DeprecatedComponentWarning) as record:
            model.compile("sgd", "old")
        places += [(one.filename, one.lineno) for one in record]
        model.save(str(tmp_path / "model.h5"))
        kplug.reload()  # warns anew
        with pytest.warns(DeprecatedComponentWarning) as record:
            installed.models.load_model(str(tmp_path / "model.h5"))
        places += [(one.filename, one.lineno) for one in record]
    lines = [linecache.getline(*place).strip().partition("(")[0] for place in places]
    assert lines == ["model.compile", "installed.models.load_model"]


def test_what_is_trainable_counts_when_compile_is_called(installed: Any) -> None:
    layers, models = installed.layers, installed.models
    discriminator = models.Sequential([layers.Dense(1, input_dim=2)])
    discriminator.compile("sgd", "mse")
    discriminator.trainable = False
    noise = layers.Input((3,))
    generator = models.Sequential([layers.Dense(2, input_dim=3)])
    gan = models.Model(noise, discriminator(generator(noise)))
    gan.compile("sgd", "mse")

    before = discriminator.get_weights()[0]
    gan.train_on_batch(X, np.full((8, 1), 9.0))
    np.testing.assert_array_equal(discriminator.get_weights()[0], before)
    discriminator.train_on_batch(np.ones((8, 2)), np.full((8, 1), 9.0))
    assert not np.array_equal(discriminator.get_weights()[0], before)
    assert discriminator.trainable is False
    assert all(not weight.requires_grad for weight in discriminator.weights)


def test_yaml_describes_a_model(model: Any, installed: Any) -> None:
    again = installed.models.model_from_yaml(model.to_yaml())
    assert again.to_json() == model.to_json()


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system ['touch here']", "a: [1", "!!python/name:os.system x"]
)
def test_yaml_that_would_run_something_is_refused(
    installed: Any, text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kplug.KplugError, match="the text is refused"):
        installed.models.model_from_yaml(text)
    assert not list(tmp_path.iterdir())


def test_callbacks_find_what_keras_2_told_them(installed: Any) -> None:
    seen: dict[str, Any] = {}

    class Note(installed.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            seen.update(self.params, data=self.validation_data)

    model = installed.models.Sequential([installed.layers.Dense(1, input_dim=3)])
    model.compile("sgd", "mse", ["accuracy"])
    x, y = np.ones((6, 3)), np.ones((6, 1))
    rates = installed.callbacks.LearningRateScheduler(lambda _epoch: 0.25)
    history = model.fit(x, y, 4, 2, 0, [Note(), rates], validation_data=(x, y))
    assert (seen["samples"], seen["batch_size"], seen["nb_epoch"]) == (6, 4, 2)
    assert seen["metrics"] == ["loss", "acc", "val_loss", "val_acc"]
    assert [one.shape for one in seen["data"]] == [(6, 3), (6, 1), (6,)]
    assert history.history["lr"] == [0.25, 0.25]


class Numbers(kplug.utils.PyDataset):
    """Batches that say who has made them."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        made.append((index, self.workers, threading.current_thread().name))
        return np.ones((2, 3)), np.ones((2, 1))


made: list[Any] = []


def test_workers_of_a_generator_make_batches_beside_the_training(installed: Any) -> None:
    model = installed.models.Sequential([installed.layers.Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    data = Numbers()
    model.fit_generator(data, epochs=1, workers=2, max_queue_size=4, verbose=0)
    assert {workers for _, workers, _ in made} == {2}
    assert any(name != threading.main_thread().name for _, _, name in made)
    assert (data.workers, data.max_queue_size) == (1, 10)
