"""Operations between symbolic tensors, as Keras 3 writes them."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.dialect.operation_classes import find_class_of, find_operation_of
from kplug.dialect.tensor_operations import read_operation, write_operation
from kplug.errors import WeightsError

X, Y = (
    {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in "xy"
)


def _call(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


# kplug's operation and call; Keras's class, what its object holds, and its call.
TABLE: list[tuple[str, dict[str, Any], str, dict[str, Any], dict[str, Any]]] = [
    ("floor_divide", _call(X, 2), "numpy.FloorDivide", {}, _call(X, 2)),
    ("sum", _call(X, axis=1), "numpy.Sum", {"axis": 1}, _call(X)),
    ("where", _call(X, x2=Y, x1=0.0), "numpy.Where", {}, _call(X, x2=Y, x1=0.0)),
    ("concatenate", _call([X, Y], axis=-1), "numpy.Concatenate", {"axis": -1}, _call([X, Y])),
    ("average", _call(X, 0, Y), "numpy.Average", {"axis": 0}, _call(X, Y)),
    ("einsum", _call("ij,jk", X, Y), "numpy.Einsum", {"subscripts": "ij,jk"}, _call(X, Y)),
    ("image.resize", _call(X, size=[2, 2]), "image.Resize", {"size": [2, 2]}, _call(X)),
    ("layer_normalization", _call(X, Y, axis=-1), "nn.LayerNorm", {"axis": -1}, _call(X, Y)),
]


@pytest.mark.parametrize(("operation", "call", "cls", "held", "theirs"), TABLE)
def test_keras_keeps_some_arguments_in_the_object(
    operation: str, call: Any, cls: str, held: Any, theirs: Any
) -> None:
    module, _, class_name = cls.rpartition(".")
    entry = {
        "module": f"keras.src.ops.{module}",
        "class_name": class_name,
        "config": {"name": "o", **held},
        "registered_name": class_name,
        "inbound_nodes": [theirs],
    }
    read = read_operation(entry)
    assert read["config"] == {"name": "o", "operation": operation}
    assert read["inbound_nodes"] == [call]
    assert write_operation(read["config"], read["inbound_nodes"]) == entry


@pytest.mark.parametrize(
    ("operation", "call", "held", "theirs"),
    [
        ("sum", _call(X, 1, True), {"axis": 1, "keepdims": True}, _call(X)),
        ("average", _call(X, 0, Y), {"axis": 0}, _call(X, Y)),
        ("swish", _call(X), {}, _call(X)),
    ],
)
def test_arguments_by_position_are_written_by_name(
    operation: str, call: Any, held: Any, theirs: Any
) -> None:
    written = write_operation({"name": "o", "operation": operation}, [call])
    assert written is not None
    assert (written["config"], written["inbound_nodes"]) == ({"name": "o", **held}, [theirs])


@pytest.mark.parametrize(
    ("operation", "calls"),
    [
        ("random.normal", [_call([2, 3])]),  # Keras has a function, and no class
        ("sum", [_call(X, axis=0), _call(X, axis=1)]),  # one object, two axes
        ("reshape", [_call(X, [Y, 2])]),  # the object would hold a tensor
    ],
)
def test_what_no_object_of_keras_can_be_is_not_written_as_one(
    operation: str, calls: list[Any]
) -> None:
    assert write_operation({"name": "o", "operation": operation}, calls) is None


@pytest.mark.parametrize(
    ("class_name", "held", "text"),
    [
        (
            "Split",
            {"indices_or_sections": {"class_name": "__lambda__"}},
            "operation 'o' of the class Split has an object as 'indices_or_sections'; a file names "
            "literals alone",
        ),
        (
            "LayerNorm",
            {"axis": -1, "rms_scaling": True},
            "operation 'o' of the class LayerNorm has the arguments {'rms_scaling': True}, which the "
            "function here lacks",
        ),
        (
            "VectorizedMap",
            {"function": "sin"},
            "operation 'o' of the class VectorizedMap has no function of kplug.ops that a file can name",
        ),
    ],
)
def test_what_the_function_cannot_take_is_refused(class_name: str, held: Any, text: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_operation({"class_name": class_name, "config": {"name": "o", **held}})
    assert str(caught.value).startswith(text)


def test_an_encoding_is_written_with_its_type() -> None:
    written = write_operation({"name": "o", "operation": "one_hot"}, [_call(X, 3)])
    assert written is not None
    assert written["config"] == {"name": "o", "dtype": "float32", "num_classes": 3}


def test_the_table_is_that_of_the_installed_keras() -> None:
    keras = pytest.importorskip("keras")
    import importlib
    import inspect

    from kplug.ops.table import OPERATIONS

    named = [(name, find_class_of(name)) for name in OPERATIONS]
    found = {one for _, one in named if one is not None}
    assert len(found) > 200
    for one in found:
        module = importlib.import_module(one.module)
        owner, public = getattr(module, one.class_name), one.operation.rpartition(".")[-1]
        function = getattr(keras.ops, public, None) or getattr(keras.ops.image, public)
        parameters = [name for name in inspect.signature(function).parameters if name != "kwargs"]
        assert list(one.parameters) == parameters, one
        held = inspect.signature(owner.__init__).parameters.keys() & set(parameters)
        assert one.held == held, one
        assert find_operation_of(one.class_name) == one
