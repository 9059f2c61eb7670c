"""Authors' examples, and the default inputs."""

from __future__ import annotations

import json

import pytest
import torch
from kplug_authoring import Example
from kplug_authoring.examples import cast, image_inputs, usual_inputs, with_gradient


def test_an_example_is_written_as_its_arguments() -> None:
    assert json.loads(str(Example({"smooth": 0.5, "axis": [1, 2]}))) == {
        "smooth": 0.5,
        "axis": [1, 2],
    }
    assert str(Example({"dtype": torch.float64})) == '{"dtype": "torch.float64"}'
    assert str(Example()) == "{}"


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        ("activation", [[(5, 6)], [(2, 4, 4, 3)]]),
        ("constraint", [[(4, 3)], [(4, 4, 3, 2)], [(3,)]]),
        ("regularizer", [[(4, 3)], [(4, 4, 3, 2)], [(3,)]]),
    ],
)
def test_each_kind_is_tried_on_shapes_of_its_own(
    kind: str, shapes: list[list[tuple[int, ...]]]
) -> None:
    made = usual_inputs(kind)
    assert [[tuple(tensor.shape) for tensor in inputs] for inputs in made] == shapes


def test_metrics_are_tried_on_one_vector_after_all_pairs_of_losses() -> None:
    losses, metrics = usual_inputs("loss"), usual_inputs("metric")
    assert all(len(inputs) == 2 for inputs in losses)
    assert [len(inputs) for inputs in metrics] == [2] * len(losses) + [1]
    one_hot, probabilities = losses[0]
    assert one_hot.argmax(-1).tolist() == [0, 2, 1, 2, 0]
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(5, dtype=torch.float64))


def test_images_are_labels_that_overlap_classes_and_class_ids() -> None:
    (labels, predicted), (one_hot, _), (classes, _) = image_inputs()
    assert labels.shape == one_hot.shape == predicted.shape == (2, 12, 12, 3)
    assert torch.equal(one_hot.argmax(-1), classes)
    rows = labels.sum((0, 2, 3))
    # Equal rows would hide a formula that takes rows for channels.
    assert len(set(rows.tolist())) > 1


def test_the_inputs_are_the_same_whatever_the_global_seed() -> None:
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    (first,), *_ = usual_inputs("activation")
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    (second,), *_ = usual_inputs("activation")
    assert torch.equal(first, second)


def test_a_cast_copies_and_keeps_class_ids() -> None:
    classes, scores = torch.tensor([1, 2]), torch.tensor([0.5, 0.25])
    first, second = cast((classes, scores), torch.float32)
    assert (first.dtype, second.dtype) == (torch.int64, torch.float32)
    first += 5
    second += 5
    assert classes.tolist() == [1, 2]
    assert scores.tolist() == [0.5, 0.25]


def test_only_the_last_input_asks_for_its_gradient() -> None:
    others = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 5.0])
    (first, second), asked = with_gradient(others)
    assert second is asked
    assert asked.dtype is torch.float64
    (first * second).sum().backward()  # type: ignore[no-untyped-call]
    assert asked.grad is not None
    assert asked.grad.tolist() == [1.0, 3.0]
    assert first.grad is None
    assert not others[1].requires_grad
