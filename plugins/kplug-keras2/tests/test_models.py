"""Methods of models, as Keras 2 has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import kplug

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
