from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError, KplugWarning
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.samples import Samples, as_samples
from tests.told import telling

ANY = Sequential(name="any")


@pytest.mark.parametrize(
    "targets", [[0, 1, 2], [[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0.0, 1.0, 2.0]]
)
def test_classes_are_read_from_every_form_of_targets(targets: Any) -> None:
    samples = as_samples(ANY, "fit", np.zeros((3, 2)), targets)
    with pytest.warns(KplugWarning) as caught:
        weighed = weigh_classes(Sequential(), samples, {0: 2.0, 1: 0.5})
    assert [str(each.message) for each in caught] == [
        "fit: class_weight has no weight for class 2 of y, so such samples weigh 1, as in Keras 3. Give "
        "every class a weight."
    ]
    assert weighed.weights is not None
    assert weighed.weights.tolist() == [2.0, 0.5, 1.0]


def test_class_and_sample_weights_together_are_refused() -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 2)), [0, 1], [1.0, 1.0])
    with pytest.raises(DataError) as caught:
        weigh_classes(ANY, samples, {0: 2.0})
    assert str(caught.value) == (
        "fit: both class_weight and sample_weight were given\n"
        "  Multiply them into one sample_weight."
    )


@pytest.mark.parametrize(
    "table", [{"cat": 1.0}, {0: "much"}, {0.5: 1.0}, {0: float("nan")}, {-1: 1.0}, {0: -1.0}]
)
def test_a_class_weight_that_is_none_is_refused(table: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: \{class id: finite weight >= 0, …\}"):
        weigh_classes(ANY, as_samples(ANY, "fit", np.zeros((2, 2)), [0, 1]), table)


@pytest.mark.parametrize("given_weights", [[1, 2], "balanced"])
def test_class_weights_that_are_no_mapping_are_refused(given_weights: Any) -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 3)), np.array([0, 1]))
    with pytest.raises(ArgumentValueError, match="class id: finite weight"):
        weigh_classes(ANY, samples, given_weights)


def test_several_outputs_need_sample_weights() -> None:
    with pytest.raises(DataError) as caught:
        weigh_classes(ANY, Samples(torch.zeros(2, 2), [torch.zeros(2), torch.zeros(2)]), {0: 2.0})
    assert str(caught.value) == (
        "fit: class_weight is for models with one output, and this one has 2\n"
        "  Make a sample_weight for each output, as a list or a dict by name."
    )


@pytest.mark.parametrize("targets", [[0.0, 0.25], [[1.0], [0.25]], [float("nan"), 0.25]])
def test_targets_that_are_no_classes_are_refused(targets: Any) -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 2)), targets)
    with pytest.raises(DataError) as caught:
        weigh_classes(ANY, samples, {0: 2.0})
    shown = "nan" if np.isnan(np.ravel(targets)[0]) else "0.25"
    assert str(caught.value) == (
        f"fit: class_weight needs targets that are classes, and y holds {shown}\n"
        "  For other targets make a sample_weight, one number for each sample."
    )


def test_a_class_that_one_hot_rows_have_no_place_for_is_refused() -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 2)), np.eye(2))
    with pytest.raises(ArgumentValueError) as caught:
        weigh_classes(ANY, samples, {2: 2.0}, is_batch=True)
    assert str(caught.value) == (
        "fit: argument 'class_weight' is {2: 2.0}; allowed: class ids from 0 to 1, since y has 2 columns"
    )


def test_a_class_that_no_sample_has_is_told() -> None:
    samples = as_samples(ANY, "fit", np.zeros((3, 2)), [0, 2, 2])
    with pytest.warns(KplugWarning) as caught:
        weigh_classes(ANY, samples, {0: 1.0, 1: 2.0, 2: 3.0})
    assert str(caught[0].message) == (
        "fit: class_weight has a weight for class 1, and no sample is of this class; those in y are 0, 2"
    )
    # Another batch may have it.
    weigh_classes(ANY, samples, {0: 1.0, 1: 2.0, 2: 3.0}, is_batch=True)


@pytest.mark.parametrize("form", ["arrays", "generator", "single batches"])
def test_classes_without_a_weight_are_told_of_once(form: str) -> None:
    model = Sequential([Dense(3, input_dim=2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y, table = np.zeros((6, 2)), np.array([0, 1, 0, 1, 2, 0]), {0: 1.0}

    def give() -> Iterator[Any]:
        while True:
            yield x[:3], y[:3]
            yield x[3:], y[3:]

    with telling() as told:
        if form == "arrays":
            for _ in range(2):
                model.fit(x, y, class_weight=table, verbose=0)
        elif form == "generator":
            model.fit(give(), steps_per_epoch=2, epochs=2, class_weight=table, verbose=0)
        else:
            for inputs, targets in itertools.islice(give(), 4):
                model.train_on_batch(inputs, targets, class_weight=table)
    named = "classes 1, 2" if form == "arrays" else "class 1"
    assert told == [
        f"fit: class_weight has no weight for {named} of y, so such samples weigh 1, as in Keras 3. Give "
        "every class a weight."
    ]
