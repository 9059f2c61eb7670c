"""Arguments of Keras 1 and 2."""

from __future__ import annotations

from typing import Any

import pytest

import kplug


@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
@pytest.mark.parametrize(
    ("call", "attribute", "value"),
    [
        ("Dense(output_dim=3, init='uniform')", "units", 3),
        ("Convolution2D(4, 3, 2, border_mode='same')", "kernel_size", (3, 2)),
        ("Convolution2D(4, 3, 2, border_mode='same')", "padding", "same"),
        ("Convolution2D(nb_filter=4, nb_row=3, nb_col=2)", "kernel_size", (3, 2)),
        ("Convolution2D(4, 3, 3, subsample=(2, 2), dim_ordering='th')", "data_format", "channels_first"),
        ("Conv2D(4, (3, 3), 2)", "strides", (2, 2)),
        ("Conv3D(4, 3, 2, 1)", "kernel_size", (3, 2, 1)),
        ("Dropout(p=0.25)", "rate", 0.25),
        ("LSTM(output_dim=5, inner_activation='sigmoid', consume_less='gpu')", "units", 5),
        ("Embedding(10, 4, input_length=6)", "output_dim", 4),
        ("MaxPooling1D(pool_length=3, stride=2)", "pool_size", (3,)),
        ("Deconvolution2D(4, 3, 3)", "kernel_size", (3, 3)),
    ],
)  # fmt: skip
def test_a_layer_takes_old_arguments(installed: Any, call: str, attribute: str, value: Any) -> None:
    layer = eval(call, {}, vars(installed.layers))
    assert getattr(layer, attribute) == value
    assert type(layer).__module__.startswith("kplug.layers.")


def test_each_old_name_warns_once_at_the_scripts_line(installed: Any) -> None:
    with pytest.warns(kplug.errors.KplugWarning, match="today it is units=") as caught:
        [installed.layers.Dense(output_dim=3) for _ in range(2)]
    assert [(len(caught), caught[0].filename)] == [(1, __file__)]


def test_an_argument_that_no_keras_has_is_refused(installed: Any) -> None:
    with pytest.raises(kplug.errors.ArgumentError, match="unit"):
        installed.layers.Dense(unit=3)


def test_an_alias_means_kplugs_class(installed: Any) -> None:
    layer = kplug.layers.Dense(3)
    assert isinstance(layer, installed.layers.Dense)
    assert isinstance(layer, installed.layers.Layer)
    assert not isinstance(layer, installed.layers.Conv2D)
    assert type(layer) == installed.layers.Dense  # noqa: E721 - as scripts write it
    assert issubclass(kplug.layers.Dense, installed.layers.Layer)


@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_a_subclass_of_an_alias_takes_old_arguments(installed: Any) -> None:
    class Twice(installed.layers.Dense):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(output_dim=2, init="ones", **options)

        def call(self, x: Any, mask: Any = None) -> Any:
            return 2 * super().call(x)

    layer = Twice(input_dim=3)
    assert isinstance(layer, kplug.layers.Dense)
    assert not isinstance(kplug.layers.Dense(3), Twice)
    assert kplug.Sequential([layer]).predict([[1.0, 1.0, 1.0]]).tolist() == [[6.0, 6.0]]


@pytest.mark.filterwarnings("ignore::kplug.errors.KplugWarning")
def test_a_model_takes_input_and_output(installed: Any) -> None:
    inputs = installed.layers.Input((3,))
    outputs = installed.layers.Dense(2)(inputs)
    assert installed.models.Model(input=inputs, output=outputs).output_shape == (None, 2)
    assert type(installed.models.Model(inputs, outputs)) is kplug.models.Functional


def test_a_subclass_of_model_may_be_a_graph_and_others_stay_what_they_are(installed: Any) -> None:
    class Graph(installed.models.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            inputs = installed.layers.Input((3,))
            super().__init__(inputs, installed.layers.Dense(2)(inputs))

    class Own(installed.models.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = installed.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    assert isinstance(Graph(), kplug.models.Functional)
    assert Graph().output_shape == (None, 2)
    assert not isinstance(Own(), kplug.models.Functional)
    assert Own().predict([[1.0, 1.0, 1.0]]).shape == (1, 2)
