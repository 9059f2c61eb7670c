"""Processes compare settings that change numbers, and ignore those that belong to one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ProcessMismatchError
from kplug.layers import Dense, Dropout
from kplug.training.data.batch import Batch
from kplug.training.distribution.agreement import list_differences, require_agreement
from kplug.training.distribution.shared_facts import (
    describe_batch,
    describe_callbacks,
    describe_model,
    describe_optimizer,
)
from kplug.training.distribution.world import World
from tests.training.distribution.test_merged_logs import run_in_each


def describe_compiled(
    *layers: Any, loss: Any = "mse", optimizer: Any = "sgd", **options: Any
) -> dict[str, str]:
    model = kplug.Sequential(layers)
    model.compile(optimizer, loss, **options)
    model.ensure_built()
    assert model.compiled is not None
    return describe_model(model, model.compiled)


def make_dense(**options: Any) -> Dense:
    return Dense(2, input_shape=(3,), **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: describe_compiled(make_dense()),
        lambda: describe_compiled(
            make_dense(activation=lambda x: x), loss=lambda y, p: (y - p) ** 2
        ),
        lambda: describe_compiled(make_dense(), Dropout(0.5, seed=np.random.randint(1 << 30))),
        lambda: describe_compiled(
            make_dense(kernel_initializer=np.random.choice(["zeros", "ones"]))
        ),
    ],
    ids=["names", "functions", "seeds", "initializers"],
)
def test_what_each_process_has_of_its_own_does_not_count(
    make: Callable[[], dict[str, str]],
) -> None:
    np.random.seed(0)
    assert [make() for _ in range(8)] == [make()] * 8


@pytest.mark.parametrize(
    ("layers", "options", "name"),
    [
        ([{"use_bias": False}], {}, "layers[0].use_bias"),
        ([{"kernel_regularizer": "l2(0.1)"}], {}, "layers[0].kernel_regularizer"),
        ([{"trainable": False}], {}, "layers[0].trainable"),
        ([{}, {}], {}, "layers[1]"),
        ([{}], {"metrics": ["mae"]}, "metrics/0"),
        ([{}], {"loss": "mean_squared_error(reduction='sum')"}, "loss.reduction"),
        ([{}], {"steps_per_execution": 2}, "steps_per_execution"),
    ],
)
def test_settings_of_a_model_count(
    layers: list[dict[str, Any]], options: dict[str, Any], name: str
) -> None:
    one = describe_compiled(make_dense())
    other = describe_compiled(*(make_dense(**each) for each in layers), **options)
    assert name in [line.partition(": ")[0] for line in list_differences([one, other])]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_every_bit_of_a_batch_counts(dtype: torch.dtype) -> None:
    one, other = torch.zeros(2, 3, dtype=dtype), torch.zeros(2, 3, dtype=dtype)
    other[1, 2] = 1
    batches = [Batch({"a": one, "b": each.T}, [one, None]) for each in (one, other)]
    (line,) = list_differences([describe_batch(each) for each in batches])
    assert line.startswith("first_batch.x[1]: ")


def test_settings_of_an_optimizer_are_its_arguments_now() -> None:
    weights = [torch.zeros(2, requires_grad=True)]
    optimizer = kplug.optimizers.Adam(lr=np.float32(0.5)).build(weights)
    facts = describe_optimizer(optimizer)
    assert (facts["optimizer"], facts["optimizer.lr"], facts["optimizer.iterations"]) == (
        "Adam",
        "0.5",
        "0",
    )
    theirs = describe_optimizer(torch.optim.SGD(weights, lr=0.25))
    assert (theirs["optimizer"], theirs["optimizer.param_groups[0].lr"]) == ("SGD", "0.25")
    assert describe_optimizer(None) == {"optimizer": "none"}


def test_callbacks_that_only_report_may_be_in_one_process_alone() -> None:
    alone = kplug.callbacks.CSVLogger("log.csv")
    assert describe_callbacks([alone]) == describe_callbacks([]) == {"callbacks": "none"}
    saver = kplug.callbacks.ModelCheckpoint("weights.h5")
    assert describe_callbacks([alone, saver]) == {"callbacks": "ModelCheckpoint"}


def test_each_process_raises_with_the_first_differences() -> None:
    def compare(world: World) -> str:
        facts = {f"fact{index}": "same" for index in range(3)}
        facts |= {f"own{index}": str(min(world.rank, 1)) for index in range(10)}
        with pytest.raises(ProcessMismatchError) as caught:
            require_agreement("fit", facts, world)
        return caught.value.message

    lines = [f"    own{index}: 0 in process 0; 1 in processes 1, 2" for index in range(8)]
    first = "fit: 3 processes train together, and were not given the same:"
    assert run_in_each(compare, 3) == ["\n".join([first, *lines, "    and 2 more"])] * 3


def test_facts_that_are_the_same_pass() -> None:
    run_in_each(lambda world: require_agreement("fit", {"epochs": "2"}, world))
