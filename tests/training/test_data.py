from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kplug.errors import ArgumentValueError, DataError
from kplug.training.batches import ArraySource, IterableSource
from kplug.training.data import (
    Samples,
    adjust_inputs,
    as_samples,
    as_tensor,
    split_samples,
    weigh_classes,
)


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.zeros((2, 3)), torch.float32),
        (np.zeros((2, 3), "float16"), torch.float32),
        (np.zeros((2, 3), "int32"), torch.int32),
        (np.zeros((2, 3), "uint8"), torch.uint8),
        (np.zeros((2, 3), "uint16"), torch.int64),
        (np.zeros((2, 3), bool), torch.bool),
        ([[1, 2], [3, 4]], torch.int64),
        ([[1.0, 2.0], [3.0, 4.0]], torch.float32),
        (torch.zeros(2, 3, dtype=torch.float64), torch.float32),
        (np.zeros((2, 3))[::-1], torch.float32),
        (np.broadcast_to(np.zeros(3), (2, 3)), torch.float32),
    ],
)
def test_floats_become_floatx_and_integers_are_kept(array: Any, dtype: torch.dtype) -> None:
    tensor = as_tensor(array, "fit: x")
    assert (tensor.dtype, len(tensor)) == (dtype, 2)


def test_memory_is_shared_where_the_type_fits() -> None:
    array = np.zeros((2, 3), "float32")
    tensor = as_tensor(array, "fit: x")
    array[0, 0] = 5
    assert tensor[0, 0] == 5


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": np.zeros((100, 3)), "y": np.zeros(90)},
            "fit: the arrays have different numbers of samples: x has 100, y has 90\n"
            "  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.zeros((4, 3)), "y": np.zeros(4), "sample_weight": np.zeros(5)},
            "fit: the arrays have different numbers of samples: x has 4, y has 4, "
            "sample_weight has 5\n  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.array(["a", "b"])},
            "fit: x holds <U1 values; numbers are needed\n"
            "  Encode texts and categories as numbers first; pad rows of unequal length.",
        ),
        ({"x": 3.0}, "fit: x is the single number 3.0; an array is needed"),
        ({"x": np.zeros((0, 3))}, "fit: x has no samples"),
        ({"x": None}, "fit: x is None\n  Pass the inputs as the first argument."),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        as_samples("fit", **arrays)
    assert str(caught.value) == message


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="fit: x cannot become an array"):
        as_samples("fit", [[1, 2], [3]])


def test_a_wrong_input_shape_names_both_shapes() -> None:
    with pytest.raises(DataError) as caught:
        adjust_inputs(as_samples("fit", np.zeros((8, 5))), (None, 3), "fit", "sequential")
    assert str(caught.value) == (
        "fit: x has samples of shape (5,), but model 'sequential' takes samples of shape (3,)"
    )


def test_a_shape_with_as_many_elements_gets_the_reshape() -> None:
    with pytest.raises(DataError) as caught:
        adjust_inputs(as_samples("fit", np.zeros((8, 784))), (None, 28, 28, 1), "fit", "net")
    assert str(caught.value) == (
        "fit: x has samples of shape (784,), but model 'net' takes samples of shape (28, 28, 1)\n"
        "  The numbers of elements agree: x.reshape(-1, 28, 28, 1) fits."
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((8, 28, 28), (None, 28, 28, 1)), ((8,), (None, 1)), ((8, 3, 1), (None, 3))],
)
def test_an_axis_of_length_one_is_added_or_dropped(
    given: tuple[int, ...], wanted: tuple[int | None, ...]
) -> None:
    samples = adjust_inputs(as_samples("fit", np.zeros(given)), wanted, "fit", "net")
    assert tuple(samples.x.shape[1:]) == wanted[1:]


@given(st.integers(2, 60), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None)
def test_the_last_part_is_split_off(count: int, fraction: float) -> None:
    samples = as_samples("fit", np.arange(count), np.arange(count))
    split = int(np.floor(count * (1 - fraction)))
    if split in (0, count):
        with pytest.raises(DataError, match="part empty"):
            split_samples(samples, fraction)
        return
    first, last = split_samples(samples, fraction)
    assert first.x.tolist() == list(range(split))
    assert last.x.tolist() == list(range(split, count))


def test_an_empty_validation_part_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        split_samples(as_samples("fit", np.zeros((1, 3))), 0.5)
    assert str(caught.value) == (
        "fit: validation_split=0.5 of 1 samples leaves the training part empty\n"
        "  Choose another fraction, or pass validation_data."
    )
    with pytest.raises(ArgumentValueError) as out_of_range:
        split_samples(as_samples("fit", np.zeros((4, 3))), 1.5)
    assert str(out_of_range.value) == (
        "fit: argument 'validation_split' is 1.5; allowed: a number > 0 and < 1"
    )


@pytest.mark.parametrize(
    "targets", [[0, 1, 2], [[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0.0, 1.0, 2.0]]
)
def test_classes_are_read_from_every_form_of_targets(targets: Any) -> None:
    weighed = weigh_classes(as_samples("fit", np.zeros((3, 2)), targets), {0: 2.0, 1: 0.5})
    assert weighed.weights is not None
    assert weighed.weights.tolist() == [2.0, 0.5, 1.0]


def test_class_and_sample_weights_together_are_refused() -> None:
    samples = as_samples("fit", np.zeros((2, 2)), [0, 1], [1.0, 1.0])
    with pytest.raises(DataError) as caught:
        weigh_classes(samples, {0: 2.0})
    assert str(caught.value) == (
        "fit: both class_weight and sample_weight were given\n"
        "  Multiply them into one sample_weight."
    )


@pytest.mark.parametrize("table", [{"cat": 1.0}, {0: "much"}, {0.5: 1.0}, {0: float("nan")}])
def test_a_class_weight_that_is_none_is_refused(table: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: \{class id: finite weight, …\}"):
        weigh_classes(as_samples("fit", np.zeros((2, 2)), [0, 1]), table)


@given(st.integers(1, 300), st.integers(1, 70), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_sample_comes_once_an_epoch(count: int, batch_size: int, shuffle: bool) -> None:
    samples = Samples(torch.arange(count).float(), torch.arange(count))
    source = ArraySource(samples, batch_size, shuffle=shuffle)
    batches = list(source.batches())
    sizes = [len(batch.x) for batch in batches]
    assert len(batches) == source.steps
    assert all(size == batch_size for size in sizes[:-1])
    seen = torch.cat([batch.x for batch in batches])
    assert sorted(seen.tolist()) == list(range(count))
    assert (
        seen.tolist() == torch.cat([batch.y for batch in batches if batch.y is not None]).tolist()
    )


def test_blocks_do_not_change_the_order() -> None:
    wide = Samples(torch.arange(100).float()[:, None].expand(100, 5000).contiguous())
    torch.manual_seed(0)
    order = torch.randperm(100)
    torch.manual_seed(0)
    batches = list(ArraySource(wide, 8, shuffle=True).batches())
    assert torch.cat([batch.x[:, 0] for batch in batches]).tolist() == order.tolist()


def test_inputs_get_the_type_that_the_model_takes() -> None:
    source = ArraySource(Samples(torch.zeros(5, 2, dtype=torch.uint8)), 2, input_type=torch.float32)
    assert {batch.x.dtype for batch in source.batches()} == {torch.float32}


def test_a_loader_passes_through() -> None:
    data = torch.utils.data.TensorDataset(torch.zeros(10, 3), torch.zeros(10))
    source = IterableSource(torch.utils.data.DataLoader(data, batch_size=4), "fit")
    assert source.steps == 3
    assert [len(batch.x) for batch in source.batches()] == [4, 4, 2]


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_a_batch_size_that_is_none_is_refused(batch_size: Any) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        ArraySource(Samples(torch.zeros(3)), batch_size)
    assert str(caught.value) == (
        f"fit: argument 'batch_size' is {batch_size}; allowed: an integer >= 1"
    )


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.array([[1, None]], object), "np.asarray(x, dtype='float32')"),
        (np.array([1 + 2j]), "Pass real and imaginary part as columns of their own"),
        ({"a": [1.0]}, "Pass the array itself"),
        (np.array(["a"]), "Encode texts and categories as numbers first"),
    ],
)
def test_what_holds_no_numbers_is_refused_with_the_way_out(array: Any, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        as_tensor(array, "fit: x")
    assert hint in str(caught.value)


def test_a_pair_as_x_is_named() -> None:
    with pytest.raises(DataError) as caught:
        as_tensor((np.zeros((4, 3)), np.zeros((4, 1))), "fit: x")
    assert str(caught.value) == (
        "fit: x is a tuple of arrays of different shapes: (4, 3), (4, 1)\n"
        "  Pass one array; inputs and targets are two arguments, as in fit(x, y)."
    )


def test_the_other_byte_order_is_read() -> None:
    assert as_tensor(np.array([1.0, 2.0], ">f4"), "fit: x").tolist() == [1.0, 2.0]


def test_images_with_channels_first_are_not_told_to_be_reshaped() -> None:
    with pytest.raises(DataError) as caught:
        adjust_inputs(as_samples("fit", np.zeros((2, 3, 28, 28))), (None, 28, 28, 3), "fit", "m")
    assert "np.moveaxis(x, 1, -1) fits" in str(caught.value)
    assert "reshape" not in str(caught.value)


def test_one_sample_is_told_to_become_a_batch() -> None:
    with pytest.raises(DataError, match=r"x\[None\]"):
        adjust_inputs(
            as_samples("predict", np.zeros((28, 28, 3))), (None, 28, 28, 3), "predict", "m"
        )


def test_a_validation_split_that_is_no_number_is_refused() -> None:
    samples = as_samples("fit", np.zeros((4, 3)))
    with pytest.raises(ArgumentValueError, match="validation_split"):
        split_samples(samples, "0.2")  # type: ignore[arg-type]


@pytest.mark.parametrize("given_weights", [[1, 2], "balanced"])
def test_class_weights_that_are_no_mapping_are_refused(given_weights: Any) -> None:
    samples = as_samples("fit", np.zeros((2, 3)), np.array([0, 1]))
    with pytest.raises(ArgumentValueError, match="class id: finite weight"):
        weigh_classes(samples, given_weights)
