"""Configurations as Keras 1, 2, 3 and tf-keras write them, by hand from their sources."""

from __future__ import annotations

from typing import Any

import pytest

import kplug
from kplug import layers
from kplug.dialect import read_model
from kplug.errors import ArgumentError, NotInstalledError, UnknownComponentError, WeightsError
from kplug.models import model_from_config

DENSE_2: dict[str, Any] = {
    "class_name": "Dense",
    "config": {
        "name": "dense_1",
        "trainable": True,
        "batch_input_shape": [None, 3],
        "dtype": "float32",
        "units": 4,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {
            "class_name": "VarianceScaling",
            "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
        },
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
        "bias_constraint": None,
    },
}


DENSE_3: dict[str, Any] = {
    "module": "keras.layers",
    "class_name": "Dense",
    "config": {
        "name": "dense",
        "trainable": True,
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
            "shared_object_id": 140,
        },
        "units": 4,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {
            "module": "keras.initializers",
            "class_name": "HeNormal",
            "config": {"seed": None},
            "registered_name": None,
        },
        "bias_initializer": {
            "module": "keras.initializers",
            "class_name": "Zeros",
            "config": {},
            "registered_name": None,
        },
        "quantization_config": None,
    },
    "registered_name": None,
    "build_config": {"input_shape": [None, 3]},
}


def make(entry: Any, **custom_objects: Any) -> Any:
    return model_from_config(read_model(entry, custom_objects), custom_objects)


def sequential(*entries: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [*entries], **config}}


def test_keras_2_sequential() -> None:
    model = make(sequential(DENSE_2))
    config = model.layers[0].get_config()
    assert model.output_shape == (None, 4)
    assert config["kernel_regularizer"] == "kplug/l1_l2(l1=0.0, l2=0.01)"
    assert config["kernel_constraint"] == "kplug/max_norm(max_value=2.0, axis=0)"
    assert config["activation"].startswith("kplug/relu(")


def test_list_of_layers_of_keras_2_0() -> None:
    model = make({"class_name": "Sequential", "config": [DENSE_2]})
    assert [layer.name for layer in model.layers] == ["dense_1"]


def test_keras_3_sequential() -> None:
    entry = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False},
        "registered_name": None,
    }
    model = make({**sequential(entry, DENSE_3), "module": "keras", "registered_name": None})
    assert model.input_shape == (None, 3)
    assert model.layers[0].dtype == "float32"
    assert model.layers[0].get_config()["kernel_initializer"] == "kplug/he_normal(seed=None)"


def test_deferred_sequential_of_keras_3() -> None:
    assert make(sequential(DENSE_3, build_input_shape=[None, 3])).count_params() == 16


def test_functional_model_of_keras_2() -> None:
    inputs = {
        "name": "input_1",
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": [None, 3],
            "dtype": "float32",
            "sparse": False,
            "name": "input_1",
        },
        "inbound_nodes": [],
    }
    config = {k: v for k, v in DENSE_2["config"].items() if k != "batch_input_shape"}
    dense = {**DENSE_2, "config": config, "name": "dense_1"}
    dense["inbound_nodes"] = [[["input_1", 0, 0, {}]]]
    model = make(
        {
            "class_name": "Model",
            "config": {
                "name": "model_1",
                "layers": [inputs, dense],
                "input_layers": [["input_1", 0, 0]],
                "output_layers": [["dense_1", 0, 0]],
            },
        }
    )
    assert [layer.name for layer in model.layers] == ["input_1", "dense_1"]
    assert model.output_shape == (None, 4)


@pytest.mark.parametrize(
    ("class_name", "config", "argument", "value"),
    [
        ("Dense", {"output_dim": 4, "init": "uniform"}, "units", 4),
        (
            "Dense",
            {"output_dim": 4, "W_regularizer": "l2"},
            "kernel_regularizer",
            "kplug/l2(l2=0.01)",
        ),
        ("Dropout", {"p": 0.25}, "rate", 0.25),
        (
            "Conv2D",
            {"nb_filter": 2, "nb_row": 3, "nb_col": 2, "border_mode": "same", "subsample": [1, 2]},
            "kernel_size",
            (3, 2),
        ),
        (
            "Conv2D",
            {"nb_filter": 2, "nb_row": 3, "nb_col": 3, "dim_ordering": "tf"},
            "data_format",
            "channels_last",
        ),
        ("Embedding", {"input_dim": 5, "output_dim": 3}, "output_dim", 3),
    ],
)
def test_arguments_of_keras_1(
    class_name: str, config: dict[str, Any], argument: str, value: Any
) -> None:
    layer = make({"class_name": class_name, "config": {"name": "x", **config}})
    assert layer.get_config()[argument] == value


def test_unknown_argument_is_named() -> None:
    with pytest.raises(ArgumentError, match="Dense has no argument 'unitz'"):
        make({"class_name": "Dense", "config": {"units": 1, "unitz": 3}})


def test_unknown_layer_is_named_with_what_is_known() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        make({**DENSE_3, "class_name": "Wavelet"})
    assert str(caught.value).startswith(
        f"kplug {kplug.__version__} offers no layer 'Wavelet'\n  Most like it: "
    )


def test_registered_class_of_a_package_that_is_missing() -> None:
    with pytest.raises(NotInstalledError) as caught:
        make({**DENSE_3, "module": None, "registered_name": "wavelets>Dense"})
    message = str(caught.value).replace(" `kplug search Dense` asks the registries.", "")
    assert message == (
        "the layer 'wavelets/Dense' is said to belong to 'wavelets', which is not installed\n"
        "  No plugin here knows that package. If you trust it, install it. If your own code defines the "
        "layer, offer it: custom_objects={'Dense': …} where it is loaded, or with "
        "kplug.scope(layers={'Dense': …}):"
    )


@pytest.mark.parametrize(
    "entry",
    [
        {**DENSE_3, "module": None, "registered_name": "Custom>Dense"},
        {**DENSE_3, "module": "my_project.layers", "registered_name": "Dense"},
    ],
)
def test_own_class_named_like_a_built_in_is_never_the_built_in(entry: Any) -> None:
    with pytest.raises(UnknownComponentError) as caught:
        make(entry)
    assert str(caught.value) == (
        "'custom/Dense' was a layer defined in code, and this code does not offer it\n"
        "  Offer it: custom_objects={'Dense': …} where it is loaded, or "
        "with kplug.scope(layers={'Dense': …}):"
    )

    class Own(layers.Dense):
        pass

    assert type(make(entry, Dense=Own)) is Own
    with kplug.scope(layers={"Dense": Own}):
        assert type(make(entry)) is Own


def test_custom_objects_may_have_the_package_in_front() -> None:
    class Own(layers.Dense):
        pass

    entry = {**DENSE_3, "module": None, "registered_name": "mine>Own", "class_name": "Own"}
    custom: dict[str, Any] = {"mine>Own": Own}
    assert type(model_from_config(read_model(entry, custom), custom)) is Own


def test_component_of_an_installed_plugin() -> None:
    entry = {**DENSE_3, "config": {**DENSE_3["config"]}}
    entry["config"]["kernel_regularizer"] = {
        "module": None,
        "class_name": "l1_reg",
        "config": {},
        "registered_name": "kplug-penalties>l1_reg",
    }
    found = read_model(entry)["config"]["kernel_regularizer"]
    assert found == {"class_name": "kplug-penalties/l1_reg", "config": {}}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (
            {"class_name": "Lambda", "config": {"name": "half", "function": ["4wEA", None, None]}},
            "a Lambda (layer 'half')",
        ),
        (
            {
                "class_name": "Dense",
                "config": {
                    "units": 1,
                    "activation": {"class_name": "__lambda__", "config": {"value": ["4wEA"]}},
                },
            },
            "a lambda",
        ),
    ],
)
def test_code_is_refused(entry: Any, what: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_model(entry)
    assert str(caught.value) == (
        f"the file holds Python code, {what}, and code from files is never run\n"
        "  Write it as a Layer of your own or a named function, build the model in code, and load "
        "its weights with load_weights."
    )


@pytest.mark.parametrize("entry", [3, None, "Dense", {"config": {}}, {"class_name": 3}])
def test_what_is_no_layer(entry: Any) -> None:
    with pytest.raises(WeightsError, match=r"the configuration of the model has .* for a layer"):
        read_model(sequential(entry))


def test_too_many_layers() -> None:
    with pytest.raises(WeightsError) as caught:
        read_model(sequential(*[DENSE_2] * 10_001))
    assert str(caught.value) == "the model has 10001 layers; at most 10000 are read"


def test_a_configuration_without_end_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(WeightsError, match="nested too deeply to be that of a model"):
        read_model({"class_name": "Dense", "config": {"units": circle}})
