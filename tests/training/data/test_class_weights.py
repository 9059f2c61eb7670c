from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.models import Sequential
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.samples import Samples, as_samples

ANY = Sequential(name="any")


@pytest.mark.parametrize(
    "targets", [[0, 1, 2], [[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0.0, 1.0, 2.0]]
)
def test_classes_are_read_from_every_form_of_targets(targets: Any) -> None:
    weighed = weigh_classes(as_samples(ANY, "fit", np.zeros((3, 2)), targets), {0: 2.0, 1: 0.5})
    assert weighed.weights is not None
    assert weighed.weights.tolist() == [2.0, 0.5, 1.0]


def test_class_and_sample_weights_together_are_refused() -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 2)), [0, 1], [1.0, 1.0])
    with pytest.raises(DataError) as caught:
        weigh_classes(samples, {0: 2.0})
    assert str(caught.value) == (
        "fit: both class_weight and sample_weight were given\n"
        "  Multiply them into one sample_weight."
    )


@pytest.mark.parametrize("table", [{"cat": 1.0}, {0: "much"}, {0.5: 1.0}, {0: float("nan")}])
def test_a_class_weight_that_is_none_is_refused(table: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: \{class id: finite weight, …\}"):
        weigh_classes(as_samples(ANY, "fit", np.zeros((2, 2)), [0, 1]), table)


@pytest.mark.parametrize("given_weights", [[1, 2], "balanced"])
def test_class_weights_that_are_no_mapping_are_refused(given_weights: Any) -> None:
    samples = as_samples(ANY, "fit", np.zeros((2, 3)), np.array([0, 1]))
    with pytest.raises(ArgumentValueError, match="class id: finite weight"):
        weigh_classes(samples, given_weights)


def test_several_outputs_need_sample_weights() -> None:
    with pytest.raises(DataError) as caught:
        weigh_classes(Samples(torch.zeros(2, 2), [torch.zeros(2), torch.zeros(2)]), {0: 2.0})
    assert str(caught.value) == (
        "fit: class_weight is for models with one output, and this one has 2\n"
        "  Make a sample_weight for each output, as a list or a dict by name."
    )
