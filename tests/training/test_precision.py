"""Reduced precision against a loop with ``torch.autocast`` that is written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from kplug import backend, layers
from kplug.callbacks import LambdaCallback
from kplug.errors import ArgumentValueError, ContractError
from kplug.models import Sequential
from kplug.optimizers import LossScaleOptimizer

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(96, 20)).astype("float32")
Y = RANDOM.integers(0, 4, 96)
TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    backend.clear_session()
    torch.manual_seed(0)


def make_model(precision: Any, optimizer: Any = "sgd(lr=0.1)", **options: Any) -> Sequential:
    model = Sequential(
        [layers.Dense(32, "tanh", input_shape=(20,)), layers.Dense(4, "softmax")], name="net"
    )
    options.setdefault("loss", "sparse_categorical_crossentropy")
    model.compile(optimizer=optimizer, precision=precision, metrics=["acc"], **options)
    return model


def train_by_hand(weights: list[torch.Tensor], dtype: torch.dtype, epochs: int) -> list[float]:
    """The same model and loss, in the order of the data; float32 after the model."""
    optimizer = torch.optim.SGD(weights, lr=0.1)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(X), 32):
            x, y = torch.from_numpy(X[start : start + 32]), torch.from_numpy(Y[start : start + 32])
            with torch.autocast("cpu", dtype):
                hidden = torch.tanh(torch.addmm(weights[1], x, weights[0]))
                outputs = torch.softmax(torch.addmm(weights[3], hidden, weights[2]), -1)
            loss = F.nll_loss(outputs.float().log(), y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() * len(x)
        losses.append(total / len(X))
    return losses


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_it_trains_as_an_autocast_loop_by_hand(precision: str) -> None:
    model = make_model(precision)
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    found = model.fit(X, Y, epochs=4, shuffle=False, verbose=0).history["loss"]
    expected = train_by_hand(weights, TYPES[precision], 4)
    # The loss is computed from probabilities or from logits: that differs by roundings of these types.
    tolerance = 1e-2 if precision == "bf16" else 2e-3
    assert found == pytest.approx(expected, rel=tolerance)
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=tolerance)


def test_reduced_precision_is_really_used_and_ends_with_the_model() -> None:
    seen: dict[str, torch.dtype] = {}

    class Watch(layers.Layer):
        def call(self, inputs: torch.Tensor) -> torch.Tensor:
            seen["inside"] = inputs.dtype
            return inputs

    def loss(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        seen["loss"] = y_pred.dtype
        seen["product in the loss"] = (y_pred @ y_pred.T).dtype
        return (y_pred[:, 0] - y_true.float()).square().mean()

    def metric(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        seen["metric"] = y_pred.dtype
        return y_pred.mean()

    model = Sequential([layers.Dense(8, input_shape=(20,)), Watch(), layers.Dense(4)])
    model.compile("sgd", loss, metrics=[metric], precision="bf16")
    model.fit(X, Y, verbose=0)
    single = torch.float32
    assert seen == {
        "inside": torch.bfloat16,
        "loss": single,
        "product in the loss": single,
        "metric": single,
    }


def test_weights_logs_and_predictions_stay_float32(tmp_path: Any) -> None:
    model = make_model("bf16")
    kept: list[Any] = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(dict(logs)))
    model.fit(X, Y, verbose=0, validation_split=0.3, callbacks=[keep])
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {gradient.dtype for p in model.parameters() if (gradient := p.grad) is not None} == {
        torch.float32
    }
    assert all(type(value) is float for logs in kept for value in logs.values())
    assert model.predict(X, verbose=0).dtype == np.float32
    assert model.predict_on_batch(X).dtype == np.float32
    model.save_weights(tmp_path / "w.h5")
    other = make_model(None)
    other.load_weights(tmp_path / "w.h5")
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


def test_evaluation_and_prediction_compute_as_training_does() -> None:
    full, reduced = make_model(None), make_model("bf16")
    reduced.set_weights(full.get_weights())
    with torch.autocast("cpu", torch.bfloat16):
        expected = full(torch.from_numpy(X)).float()
    np.testing.assert_array_equal(reduced.predict(X, verbose=0), expected.detach().numpy())
    assert not np.array_equal(full.predict(X, verbose=0), expected.detach().numpy())
    assert reduced.evaluate(X, Y, verbose=0) != full.evaluate(X, Y, verbose=0)
    assert reduced.evaluate(X, Y, verbose=0) == pytest.approx(
        full.evaluate(X, Y, verbose=0), rel=2e-2
    )


def test_a_certain_wrong_probability_has_a_finite_loss() -> None:
    # In bfloat16, 1 - 1e-7 is 1 and the logarithm of the rest is infinite.
    model = Sequential([layers.Dense(1, "sigmoid", kernel_initializer="ones", input_shape=(1,))])
    model.compile("sgd", "binary_crossentropy", precision="bf16")
    loss = model.evaluate(np.full((4, 1), 50.0), np.zeros(4), verbose=0)
    assert loss == pytest.approx(-np.log(1e-7), rel=0.05)


# ---------------------------------------------------------------- float16


def test_float16_wraps_the_optimizer_unless_it_scales_the_loss() -> None:
    model = make_model("fp16", "adam(lr=0.01)")
    assert isinstance(model.optimizer, LossScaleOptimizer)
    assert model.optimizer.lr == 0.01
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 3
    for optimizer in ("adam(loss_scale_factor=8.0)", LossScaleOptimizer("sgd", initial_scale=2.0)):
        model = make_model("fp16", optimizer)
        inner = getattr(model.optimizer, "inner_optimizer", None)
        assert not isinstance(inner, LossScaleOptimizer)
        model.fit(X, Y, verbose=0)
    assert not isinstance(make_model("bf16", "adam").optimizer, LossScaleOptimizer)


def test_an_overflow_skips_the_update_and_halves_the_scale() -> None:
    model = make_model("fp16", LossScaleOptimizer("sgd", initial_scale=2.0**60))
    before = model.get_weights()
    model.fit(X[:32], Y[:32], verbose=0)
    assert model.optimizer.dynamic_scale == 2.0**59
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_float16_refuses_optimizers_that_cannot_scale() -> None:
    with pytest.raises(ContractError) as caught:
        make_model("fp16", torch.optim.Adam)
    assert str(caught.value) == (
        "precision='fp16' needs an optimizer that scales the loss, and torch's Adam does not\n"
        "  Name one of kplug's, such as 'adam', which compile wraps in LossScaleOptimizer; or take "
        "precision='bf16', which needs no scale."
    )


@pytest.mark.parametrize("precision", ["int8", 16, "BF16"])
def test_other_types_are_refused(precision: Any) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_model(precision)
    assert str(caught.value) == (
        f"compile: argument 'precision' is {precision!r}; allowed: None, 'bf16' or 'fp16'"
    )


def test_a_choice_by_trial_is_refused_with_the_reason() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_model("auto")
    assert str(caught.value) == (
        "compile: argument 'precision' is 'auto'; allowed: None, 'bf16' or 'fp16'. A short trial would "
        "show which is faster, but not whether the trained model is as good: train with both and compare. "
        "`kplug env` shows whether the processor has bfloat16"
    )


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_it_learns_on_a_gpu(precision: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    model = make_model(precision, "adam(lr=0.01)", device="cuda")
    losses = model.fit(X, Y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
