"""The loops of ``evaluate`` and ``predict``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from kplug import Sequential, layers
from kplug.callbacks import Callback, CallbackList
from kplug.training.data.batch import Batch
from kplug.training.loops.evaluate_and_predict import (
    InferenceLoop,
    join_outputs,
    run_evaluation,
    run_prediction,
)
from kplug.training.step.standard_steps import StepFunction
from tests.told import telling


class Numbers:
    """Batches with the given numbers, one sample in a row.

    Args:
        groups: The numbers of each batch.
    """

    def __init__(self, groups: Sequence[Sequence[float]]) -> None:
        self.groups = groups

    @property
    def steps(self) -> int | None:
        return len(self.groups)

    def batches(self) -> Iterator[Batch]:
        for group in self.groups:
            x = torch.tensor(group)[:, None]
            yield Batch(x, torch.zeros_like(x))


class Recorder(Callback):
    """Writes down the steps at whose begin and end it was called."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("begin", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(("end", batch))


class Together(StepFunction):
    """Counts the batches that it was given at a time; its results are their sizes."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def begin(self) -> None:
        """Nothing is kept."""

    def __call__(self, batch: Batch) -> int:
        return batch.size

    def run_all(self, batches: Sequence[Batch]) -> list[int]:
        self.seen.append(len(batches))
        return super().run_all(batches)


def make_doubling() -> Sequential:
    model = Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.set_weights([np.array([[2.0]], dtype="float32")])
    model.compile("sgd", "mse")
    return model


def test_steps_that_run_together_get_one_pair_of_hooks() -> None:
    recorder, step, sizes = Recorder(), Together(), list[int]()
    loop = InferenceLoop(
        "test", "evaluate", Numbers([[1.0]] * 5), callbacks=CallbackList([recorder])
    )
    done = loop.run(step, lambda size, _: sizes.append(size), dict, 2)
    assert (done, step.seen, sizes) == (5, [2, 2, 1], [1, 1, 1, 1, 1])
    assert recorder.seen == [
        ("begin", 0),
        ("end", 1),
        ("begin", 2),
        ("end", 3),
        ("begin", 4),
        ("end", 4),
    ]


def test_no_more_than_the_asked_steps_run() -> None:
    loop = InferenceLoop("predict", "predict", Numbers([[1.0]] * 5), steps=3)
    assert loop.run(Together(), lambda size, _: None, dict, 2) == 3


@pytest.mark.parametrize("form", ["arrays", "generator", "DataLoader"])
@pytest.mark.parametrize("method", ["evaluate", "predict", "fit"])
def test_steps_that_the_data_lack_are_told_of_once(method: str, form: str) -> None:
    x, y = np.ones((6, 1), "float32"), np.ones((6, 1), "float32")
    model = Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")

    def make_data() -> Any:
        if form == "arrays":
            return (x, y)
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.as_tensor(x), torch.as_tensor(y)), batch_size=3
        )
        return iter(loader) if form == "generator" else loader

    def run() -> None:
        data = make_data()
        options: Any = {"verbose": 0, "batch_size": 3}
        x_alone = ((each[0],) for each in data) if form != "arrays" else x
        if method == "fit":
            model.fit(x, y, validation_data=data, validation_steps=5, epochs=1, **options)
        elif method == "predict":
            assert model.predict(x_alone, steps=5, **options).shape == (6, 1)
        else:
            given = data if form == "arrays" else (data, None)
            model.evaluate(given[0], given[1], steps=5, **options)

    with telling() as told:
        run()
        run()
    called = "fit (validation_data)" if method == "fit" else method
    assert told == [f"{called}: the data ended after 2 of 5 steps, so the result is that of these."]


def test_the_loss_is_weighted_by_the_sizes_of_the_batches() -> None:
    model = make_doubling()
    assert model.compiled is not None
    loop = InferenceLoop("test", "evaluate", Numbers([[1.0, 2.0, 3.0], [5.0]]))
    # (4 + 16 + 36 + 100) / 4; the mean of the two batches' means would be 59.3.
    assert run_evaluation(model, model.compiled, loop) == {"loss": pytest.approx(39.0)}


def test_outputs_come_in_the_order_of_the_samples() -> None:
    outputs = run_prediction(
        make_doubling(), InferenceLoop("predict", "predict", Numbers([[1.0, 2.0], [3.0]]))
    )
    np.testing.assert_array_equal(outputs, np.array([[2.0], [4.0], [6.0]], dtype="float32"))


def test_without_a_batch_there_are_no_logs_and_no_outputs() -> None:
    model = make_doubling()
    assert model.compiled is not None
    assert (
        run_evaluation(model, model.compiled, InferenceLoop("test", "evaluate", Numbers([]))) == {}
    )
    assert run_prediction(model, InferenceLoop("predict", "predict", Numbers([]))) is None


def test_joined_outputs_are_nested_as_those_of_the_first_batch() -> None:
    first = [torch.tensor([1.0]), {"a": torch.tensor([[2, 3]])}]
    second = [torch.tensor([4.0, 5.0]), {"a": torch.tensor([[6, 7], [8, 9]])}]
    joined = join_outputs([first, second])
    assert joined[0].tolist() == [1.0, 4.0, 5.0]
    assert joined[1]["a"].tolist() == [[2, 3], [6, 7], [8, 9]]
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is shorter"):
        join_outputs([first, [torch.tensor([4.0])]])
