"""Groups of a model paired with those of a file: what fits, what is missing, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from kplug.errors import WeightsError
from kplug.saving.weights.keras3_layout import WeightGroup
from kplug.saving.weights.keras3_matching import match_weight_groups
from kplug.saving.weights.named_weights import NamedWeight


def make_group(path: str, name: str, *shapes: tuple[int, ...]) -> WeightGroup:
    weights = [
        NamedWeight(f"w{number}", torch.zeros(shape), "Dense")
        for number, shape in enumerate(shapes)
    ]
    return WeightGroup(path, name, tuple(weights))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[h5py.File]:
    """A file with a layer of two weights, and a weight of the model itself."""
    with h5py.File(tmp_path / "a.weights.h5", "w") as opened:
        opened["layers/dense/vars/0"] = np.ones((2, 3), dtype="float32")
        opened["layers/dense/vars/1"] = np.ones(3, dtype="float32")
        opened["vars/0"] = np.ones(4, dtype="float32")
        yield opened


def test_weights_are_paired_with_datasets_by_their_number(file: h5py.File) -> None:
    own, dense = make_group("", "m", (4,)), make_group("layers/dense", "a", (2, 3), (3,))
    plan = match_weight_groups([own, dense], file)
    assert plan.problems == []
    pairs = [(one.weight, one.source.datasets[0].name) for one in plan.assignments]
    assert [name for _, name in pairs] == [
        "/vars/0",
        "/layers/dense/vars/0",
        "/layers/dense/vars/1",
    ]
    assert [id(weight) for weight, _ in pairs] == [
        id(weight) for weight in (*own.weights, *dense.weights)
    ]


def test_group_that_is_missing_holds_nothing(file: h5py.File) -> None:
    fitting = make_group("layers/dense", "a", (2, 3), (3,))
    without = make_group("layers/flatten", "f")
    assert match_weight_groups([fitting, without], file).problems == []
    plan = match_weight_groups([fitting, make_group("layers/dense_1", "b", (3,))], file)
    message = (
        "layer 'b' has 1 weight ('w0'), the file holds 0 for it, at '/layers/dense_1'\n"
        "  Build the model as it was saved"
    )
    with pytest.raises(WeightsError, match=f"^{re.escape(message)}"):
        plan.raise_problems()
    assert len(plan.assignments) == 2


def test_shape_that_differs_is_a_problem_of_that_weight_alone(file: h5py.File) -> None:
    plan = match_weight_groups([make_group("layers/dense", "a", (2, 4), (3,))], file)
    (problem,) = plan.problems
    assert problem.message == (
        "layer 'a': weight 'w0' has shape (2, 4), the file's '/layers/dense/vars/0' has shape (2, 3)"
    )
    assert [one.weight.name for one in plan.assignments] == ["w1"]


def test_layers_of_the_file_alone_are_a_problem_if_they_have_weights(file: h5py.File) -> None:
    file.create_group("layers/flatten/vars")
    file["layers/lstm/vars/0"] = np.ones(2, dtype="float32")
    plan = match_weight_groups([make_group("layers/dense", "a", (2, 3), (3,))], file)
    (problem,) = plan.problems
    assert problem.message == (
        "the file holds layers at '/layers' that the model does not have ('lstm')"
    )
    assert len(plan.assignments) == 2


def test_link_to_another_file_is_refused_at_once(file: h5py.File) -> None:
    file["layers/lstm/vars/0"] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(WeightsError, match="link"):
        match_weight_groups([make_group("layers/lstm", "l", (2,))], file)
