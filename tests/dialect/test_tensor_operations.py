"""Operations between symbolic tensors, as Keras 3 writes them."""

from __future__ import annotations

from kplug.dialect.tensor_operations import read_operation, write_operation


def test_operators_are_no_layers_in_keras_3() -> None:
    config = {"name": "o", "operation": "floor_divide"}
    written = write_operation(config)
    assert written == {
        "module": "keras.src.ops.numpy",
        "class_name": "FloorDivide",
        "config": {"name": "o"},
        "registered_name": "FloorDivide",
    }
    assert read_operation(written)["config"] == config


def test_arguments_of_a_function_are_not_lost() -> None:
    entry = {"class_name": "Sum", "config": {"name": "s", "axis": -1}}
    assert read_operation(entry)["config"] == {"name": "s", "axis": -1, "operation": "sum"}
