from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError, DataError
from kplug.models import Model
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import Batch
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.data.samples import Samples, as_samples, as_tensor
from kplug.training.data.validation_data import split_samples

ANY = Model(name="any")  # knows no inputs, and has one output without a name


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
            "  Encode strings and categories as numbers first; pad rows of unequal length.",
        ),
        ({"x": 3.0}, "fit: x is the single number 3.0; an array is needed"),
        ({"x": np.zeros((0, 3))}, "fit: x has no samples"),
        ({"x": {}}, "fit: x has no arrays in it"),
        ({"x": None}, "fit: x is None\n  Pass the inputs as the first argument."),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        as_samples(ANY, "fit", **arrays)
    assert str(caught.value) == message


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="fit: x cannot become an array"):
        as_samples(ANY, "fit", [[1, 2], [3]])


@given(st.integers(2, 60), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None)
def test_the_last_part_is_split_off(count: int, fraction: float) -> None:
    samples = as_samples(ANY, "fit", np.arange(count), np.arange(count))
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
        split_samples(as_samples(ANY, "fit", np.zeros((1, 3))), 0.5)
    assert str(caught.value) == (
        "fit: validation_split=0.5 of 1 samples leaves the training part empty\n"
        "  Choose another fraction, or pass validation_data."
    )
    with pytest.raises(ArgumentValueError) as out_of_range:
        split_samples(as_samples(ANY, "fit", np.zeros((4, 3))), 1.5)
    assert str(out_of_range.value) == (
        "fit: argument 'validation_split' is 1.5; allowed: a number > 0 and < 1"
    )


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
    source = ArraySource(
        Samples(torch.zeros(5, 2, dtype=torch.uint8)), 2, input_types=[torch.float32]
    )
    assert {batch.x.dtype for batch in source.batches()} == {torch.float32}


def test_a_loader_passes_through() -> None:
    data = torch.utils.data.TensorDataset(torch.zeros(10, 3), torch.zeros(10))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    source = IterableSource(loader, "fit", lambda *parts: as_samples(ANY, "fit", *parts))
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
        (np.array(["a"]), "Encode strings and categories as numbers first"),
    ],
)
def test_what_holds_no_numbers_is_refused_with_the_way_out(array: Any, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        as_tensor(array, "fit: x")
    assert hint in str(caught.value)


def test_the_other_byte_order_is_read() -> None:
    assert as_tensor(np.array([1.0, 2.0], ">f4"), "fit: x").tolist() == [1.0, 2.0]


def test_a_validation_split_that_is_no_number_is_refused() -> None:
    samples = as_samples(ANY, "fit", np.zeros((4, 3)))
    with pytest.raises(ArgumentValueError, match="validation_split"):
        split_samples(samples, "0.2")  # type: ignore[arg-type]


def test_a_batch_knows_its_size_whatever_the_structure() -> None:
    assert Batch(torch.zeros(4, 2)).size == 4
    assert Batch([torch.zeros(3, 2), torch.zeros(3)], None, None).size == 3
    assert Batch({"a": torch.zeros(5)}).size == 5


@given(st.integers(1, 60), st.integers(1, 20), st.booleans())
@settings(max_examples=30, deadline=None)
def test_batches_of_several_arrays_keep_the_samples_together(
    count: int, batch_size: int, shuffle: bool
) -> None:
    ids = torch.arange(count)
    samples = Samples({"a": ids, "b": ids.float()[:, None]}, [ids, None], [None, ids.float()])
    for batch in ArraySource(samples, batch_size, shuffle=shuffle).batches():
        assert list(batch.x) == ["a", "b"]
        assert batch.x["b"][:, 0].tolist() == batch.x["a"].tolist() == batch.y[0].tolist()
        assert batch.weights[1].tolist() == batch.y[0].tolist()
        assert batch.y[1] is None
        assert batch.weights[0] is None


def test_weights_without_targets_stay_weights() -> None:
    ids = torch.arange(4)
    (batch,) = ArraySource(Samples(ids, None, ids.float())).batches()
    assert batch.y is None
    assert batch.weights.tolist() == ids.tolist()


def test_samples_are_split_in_every_array() -> None:
    samples = Samples([torch.arange(4), torch.arange(4)], [torch.arange(4), None])
    first, last = split_samples(samples, 0.25)
    assert (len(first), len(last)) == (3, 1)
    assert [array.tolist() for array in last.x] == [[3], [3]]
    assert last.y[1] is None
