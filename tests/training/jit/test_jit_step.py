"""When a graph is compiled, and when one that is there is used again."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug.callbacks import Callback, LearningRateScheduler
from kplug.errors import EagerStepWarning
from kplug.layers import BatchNormalization, Dense, Dropout, Input
from kplug.models import Sequential

X, Y = torch.linspace(-1, 1, 120).reshape(40, 3), torch.linspace(0, 1, 40).reshape(40, 1)


def make_model(**options: Any) -> Sequential:
    torch.manual_seed(0)
    model = Sequential([Input((3,)), Dense(4, activation="tanh", name="first"), Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", "jit_compile": True, **options})
    return model


def fit(model: Sequential, **options: Any) -> list[float]:
    torch.manual_seed(1)
    history = model.fit(X, Y, **{"batch_size": 8, "verbose": 0, **options})
    losses: list[float] = history.history["loss"]
    return losses


def test_one_graph_for_all_steps_epochs_and_calls(compiled_graphs: list[int]) -> None:
    model = make_model()
    fit(model, epochs=3)
    fit(model, epochs=2)
    model.train_on_batch(X[:8], Y[:8])
    assert len(compiled_graphs) == 1


def test_a_smaller_last_batch_is_not_compiled(compiled_graphs: list[int]) -> None:
    eager, model = make_model(jit_compile=False), make_model()
    assert np.allclose(fit(eager, batch_size=12, epochs=4), fit(model, batch_size=12, epochs=4))
    assert len(compiled_graphs) == 1


def test_another_batch_size_is_another_graph(compiled_graphs: list[int]) -> None:
    model = make_model()
    fit(model)
    fit(model, batch_size=10)
    fit(model)
    assert len(compiled_graphs) == 2


@pytest.mark.parametrize(
    "optimizer",
    ["sgd(momentum=0.9, decay=0.1)", "adam(lr='exponential_decay(0.1, 2, 0.5)')", "torch/adam"],
)
def test_rates_that_change_need_no_new_graph(optimizer: str, compiled_graphs: list[int]) -> None:
    eager, model = (make_model(optimizer=optimizer, jit_compile=jit) for jit in (False, True))
    assert np.allclose(fit(eager, epochs=4), fit(model, epochs=4), rtol=1e-5)
    assert len(compiled_graphs) == 1


def test_a_callback_that_changes_the_rate_needs_no_new_graph(compiled_graphs: list[int]) -> None:
    eager, model = (
        make_model(optimizer="sgd(momentum=0.5)", jit_compile=jit) for jit in (False, True)
    )
    schedules = [LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)) for _ in range(2)]
    one = fit(eager, epochs=5, callbacks=[schedules[0]])
    assert np.allclose(one, fit(model, epochs=5, callbacks=[schedules[1]]), rtol=1e-5)
    assert len(compiled_graphs) == 1


def test_a_hyperparameter_that_is_changed_takes_effect(compiled_graphs: list[int]) -> None:
    losses = []
    for jit in (False, True):
        model = make_model(jit_compile=jit)
        fit(model)
        model.optimizer.beta_1 = 0.5
        losses.append(fit(model, epochs=3))
    assert np.allclose(losses[0], losses[1], rtol=1e-5)
    assert len(compiled_graphs) == 2


class Scaled(kplug.losses.Loss):
    def __init__(self) -> None:
        super().__init__("scaled")
        self.scale = 1.0

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.scale * (y_true - y_pred).square().mean(-1)


class Rescale(Callback):
    def __init__(self, loss: Scaled) -> None:
        super().__init__()
        self.loss = loss

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.loss.scale = 1.0 if epoch < 2 else 3.0


def test_an_attribute_that_changes_between_epochs_takes_effect(compiled_graphs: list[int]) -> None:
    losses = []
    for jit in (False, True):
        loss = Scaled()
        losses.append(
            fit(make_model(loss=loss, jit_compile=jit), epochs=4, callbacks=[Rescale(loss)])
        )
    assert np.allclose(losses[0], losses[1], rtol=1e-5)
    assert losses[0][2] > 2 * losses[0][1]
    assert len(compiled_graphs) == 2


def test_an_attribute_that_no_graph_holds_costs_no_compiling(compiled_graphs: list[int]) -> None:
    class Note(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.remark = f"epoch {epoch}"

    fit(make_model(), epochs=4, callbacks=[Note()])
    assert len(compiled_graphs) == 1


def test_compile_and_trainable_make_a_new_graph(compiled_graphs: list[int]) -> None:
    model = make_model()
    fit(model)
    model.get_layer("first").trainable = False
    model.compile("adam", "mse", jit_compile=True)
    before = model.get_layer("first").get_weights()[0]
    fit(model)
    np.testing.assert_array_equal(model.get_layer("first").get_weights()[0], before)
    assert len(compiled_graphs) == 2


def test_a_layer_more_makes_a_new_graph(compiled_graphs: list[int]) -> None:
    model = make_model()
    fit(model)
    model.add(Dense(1, name="last"))
    model.compile("adam", "mse", jit_compile=True)
    before = model.get_layer("last").get_weights()[0]
    fit(model)
    assert (model.get_layer("last").get_weights()[0] != before).any()
    assert len(compiled_graphs) == 2


def test_weights_that_were_set_are_the_ones_that_train() -> None:
    losses = []
    for jit in (False, True):
        model = make_model(jit_compile=jit)
        first = model.get_weights()
        fit(model, epochs=2)
        model.set_weights(first)
        losses.append(fit(model))
    assert np.allclose(losses[0], losses[1], rtol=1e-5)


def test_a_copy_of_a_model_trains_itself() -> None:
    model = make_model()
    fit(model)
    other = copy.deepcopy(model)
    before = model.get_weights()
    fit(other)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_state_of_the_optimizer_goes_from_one_mode_to_the_other() -> None:
    losses = []
    for modes in ((False, False), (True, False), (False, True)):
        model = make_model(jit_compile=modes[0])
        fit(model, epochs=2)
        state = copy.deepcopy(model.optimizer.state_dict())
        model.compile("adam", "mse", jit_compile=modes[1])
        fit(model, batch_size=40)  # so that the new optimizer knows its parameters
        model.optimizer.load_state_dict(state)
        losses.append(fit(model, epochs=2))
    assert np.allclose(losses[0], losses[1], rtol=1e-4)
    assert np.allclose(losses[0], losses[2], rtol=1e-4)


@pytest.mark.parametrize("jit", [False, True])
def test_callbacks_see_every_so_many_batches(jit: bool) -> None:
    seen: list[tuple[str, int]] = []

    class Watch(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("end", batch))
            assert np.isfinite(logs["loss"])

    model = make_model(steps_per_execution=2, jit_compile=jit)
    fit(model, callbacks=[Watch()])
    assert seen == [("begin", 0), ("end", 1), ("begin", 2), ("end", 3), ("begin", 4), ("end", 4)]


@pytest.mark.parametrize(
    "count", [2, 3, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 7))]
)
def test_steps_per_execution_changes_no_number(count: int) -> None:
    one = fit(make_model(jit_compile=False), epochs=4)
    for jit in (False, True):
        other = fit(make_model(jit_compile=jit, steps_per_execution=count), epochs=4)
        assert np.allclose(one, other, rtol=1e-5)


def test_several_steps_at_a_time_run_the_graph_of_one(compiled_graphs: list[int]) -> None:
    losses = [fit(make_model(steps_per_execution=count), epochs=4) for count in (1, 2, 3)]
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=1e-5)
    assert compiled_graphs == compiled_graphs[:1] * 3


def test_steps_of_one_call_may_need_different_graphs(compiled_graphs: list[int]) -> None:
    optimizer = "adam(gradient_accumulation_steps=2)"
    one, other = (
        fit(make_model(optimizer=optimizer, jit_compile=jit, steps_per_execution=4), epochs=6)
        for jit in (False, True)
    )
    assert np.allclose(one, other, rtol=1e-5)
    assert len(compiled_graphs) == 2


@pytest.mark.slow
def test_a_graph_break_in_a_call_of_several_steps_trains_each_of_them_once() -> None:
    def impatient(y_true: Tensor, y_pred: Tensor) -> Tensor:
        loss = (y_true - y_pred).square().mean()
        return loss * 10 if loss > 1 else loss

    optimizer = "adam(lr=0.01, decay=0.1)"
    eager, model = (
        make_model(optimizer=optimizer, loss=impatient, jit_compile=jit, steps_per_execution=4)
        for jit in (False, True)
    )
    with pytest.warns(EagerStepWarning, match="reads numbers"):
        found = fit(model, epochs=2)
    np.testing.assert_allclose(fit(eager, epochs=2), found, rtol=1e-5)
    assert model.optimizer.iterations == eager.optimizer.iterations == 10


def test_evaluate_and_predict_are_compiled_once(compiled_graphs: list[int]) -> None:
    model = make_model(metrics=["mae"])
    eager = make_model(metrics=["mae"], jit_compile=False)
    for _ in range(2):
        found = model.evaluate(X, Y, batch_size=8, verbose=0)
        assert np.allclose(found, eager.evaluate(X, Y, batch_size=8, verbose=0), rtol=1e-6)
        predicted = model.predict(X, batch_size=16, verbose=0)
        np.testing.assert_allclose(predicted, eager.predict(X, batch_size=16, verbose=0), rtol=1e-6)
    assert len(compiled_graphs) == 2


@pytest.mark.slow
def test_sums_in_double_precision_are_not_lost(inductor: None) -> None:
    model = make_model(metrics=["mae", "mse"])
    found = model.evaluate(X, Y, batch_size=4, verbose=0)
    predicted = model.predict(X, batch_size=40, verbose=0)
    errors = np.abs(predicted - Y.numpy())
    np.testing.assert_allclose(found[1:], [errors.mean(), (errors**2).mean()], rtol=1e-5)


def test_moving_averages_and_modes() -> None:
    runs = []
    for jit in (False, True):
        torch.manual_seed(0)
        model = Sequential([Input((3,)), BatchNormalization(), Dropout(0.2), Dense(1)])
        model.compile("sgd", "mse", jit_compile=jit)
        fit(model, epochs=3, validation_split=0.2)
        assert not model.training
        runs.append(model.get_weights())
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_compile_time_is_known() -> None:
    model = make_model()
    assert model.compile_time == 0.0
    fit(model)
    assert model.compile_time > 0.0
    assert make_model(jit_compile=False).compile_time == 0.0


@pytest.mark.slow
def test_a_step_that_always_changes_ends_up_eager(compiled_graphs: list[int]) -> None:
    class Anneal(Rescale):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.loss.scale = 1.0 + epoch

    loss = Scaled()
    model = make_model(loss=loss)
    with pytest.warns(EagerStepWarning, match="it needs one graph after another"):
        fit(model, epochs=12, callbacks=[Anneal(loss)])
    assert len(compiled_graphs) == 9


@pytest.mark.slow
def test_batches_of_many_shapes_run_eagerly_from_the_ninth_on(compiled_graphs: list[int]) -> None:
    model = make_model()
    for size in range(2, 13):
        for _ in range(3):
            model.train_on_batch(X[:size], Y[:size])
    assert len(compiled_graphs) == 8
