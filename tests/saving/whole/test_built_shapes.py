"""Whole models of the user's own classes: the file says what shape they were built for."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import torch

import kplug
from kplug.errors import ContractError, KplugError, NotBuiltError, WeightsError

# Keras's variables and NumPy 2 disagree about `__array__`.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X: npt.NDArray[Any] = np.random.default_rng(0).normal(size=(20, 5)).astype("float32")
IDS: npt.NDArray[Any] = np.random.default_rng(1).integers(0, 9, (20, 3))


def make_class(library: Any) -> Any:
    """Return a model class with an argument of its own, from kplug or Keras."""

    class Net(library.Model):  # type: ignore[misc]
        def __init__(self, units: int = 3, **options: Any) -> None:
            super().__init__(**options)
            self.units = units
            self.first = library.layers.Dense(units, activation="relu")
            self.second = library.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.second(self.first(inputs))

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return Net


class Late(kplug.Model):
    """Makes its layers in ``build``, and leaves building these to the first call."""

    def build(self, input_shape: Any) -> None:
        self.first = kplug.layers.Dense(input_shape[-1])
        self.second = kplug.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


class Named(kplug.Model):
    """Takes a dict of integers and numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.table = kplug.layers.Embedding(9, 5)
        self.out = kplug.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(self.table(inputs["ids"]).mean(1) + inputs["numbers"])

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize("case", ["net", "late", "named"])
def test_a_model_built_by_data_comes_back(case: str, extension: str, tmp_path: Path) -> None:
    owner = {"net": make_class(kplug), "late": Late, "named": Named}[case]
    data = {"ids": IDS, "numbers": X} if case == "named" else X
    model, path = owner(), tmp_path / f"m{extension}"
    model.compile("adam", "mse")
    before = model.fit(data, X[:, :1], epochs=5, verbose=0).history["loss"]
    assert before[-1] < before[0]
    model.save(path)
    again = kplug.load_model(path, custom_objects={owner.__name__: owner})
    np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))
    assert again.optimizer.iterations == 5


def test_the_shape_that_a_constructor_was_given_is_kept(tmp_path: Path) -> None:
    owner = make_class(kplug)
    model = owner(input_shape=(5,))
    model.save(tmp_path / "m.keras")
    again = kplug.load_model(tmp_path / "m.keras", custom_objects={"Net": owner})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_keras_loads_ours_and_we_load_its(tmp_path: Path) -> None:
    ours, theirs = make_class(kplug)(4), make_class(keras)(4)
    ours(X)
    theirs(X)
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    read = keras.models.load_model(
        tmp_path / "ours.keras", custom_objects={"custom>Net": type(theirs)}
    )
    np.testing.assert_allclose(
        read.predict(X, verbose=0), ours.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    own = kplug.load_model(tmp_path / "theirs.keras", custom_objects={"Net": type(ours)})
    np.testing.assert_allclose(
        own.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


def rewrite(path: Path, build_config: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["build_config"] = build_config
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "shape", [[None, -5], [None, 1 << 62], "five", 5, [[None, 5], 7], {"a": 1}, [], [None, 1.5]]
)
def test_what_is_no_shape_is_refused(shape: Any, tmp_path: Path) -> None:
    owner, path = make_class(kplug), tmp_path / "m.keras"
    model = owner()
    model(X)
    model.save(path)
    rewrite(path, {"input_shape": shape})
    with pytest.raises(WeightsError, match=r"says that the model was built for .* no shape"):
        kplug.load_model(path, custom_objects={"Net": owner})


def test_a_file_without_the_shape_needs_one_from_the_configuration(tmp_path: Path) -> None:
    owner, path = make_class(kplug), tmp_path / "m.keras"
    model = owner()
    model(X)
    model.save(path)
    without: list[Any] = [None, {}, [], {"input_shape": None}]
    for build_config in without:
        rewrite(path, build_config)
        with pytest.raises(NotBuiltError):
            kplug.load_model(path, custom_objects={"Net": owner})
    rewrite(path, {"input_shape": [None, 6]})
    with pytest.raises(KplugError, match=r"has shape \(6, 3\)"):
        kplug.load_model(path, custom_objects={"Net": owner})


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_a_torch_module_is_not_in_the_file(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{extension}"
    kplug.backend.clear_session()
    models = [
        kplug.Sequential([kplug.Input((5,)), torch.nn.Linear(5, 3), kplug.layers.Dense(1)])
        for _ in range(2)
    ]
    models[0].save(path)
    with pytest.raises(WeightsError) as caught:
        kplug.load_model(path)
    assert str(caught.value) == (
        f"{path}: layer 'linear' is the torch module 'custom/Linear', which a file cannot describe\n"
        "  Build the model in code, and load its weights with load_weights."
    )
    models[1].load_weights(path)
    np.testing.assert_array_equal(models[1].predict(X, verbose=0), models[0].predict(X, verbose=0))


class Needy(kplug.layers.Layer):
    """Needs an argument that it does not tell."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self._units = units

    def call(self, inputs: Any) -> Any:
        return inputs[:, : self._units]


class Told(Needy):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self._units}


class Failing(Told):
    def build(self, input_shape: Any) -> None:
        raise TypeError("no such shape")


def test_a_layer_that_does_not_tell_its_arguments_is_not_saved(tmp_path: Path) -> None:
    model = kplug.Sequential([kplug.Input((5,)), Needy(3, name="needy")])
    with pytest.raises(ContractError) as caught:
        model.save(tmp_path / "m.keras")
    assert str(caught.value) == (
        "layer 'needy' cannot be described: Needy.get_config leaves out 'units', which the "
        "constructor needs\n"
        "  Keep each argument as an attribute of its own name, as a value that JSON can hold, or "
        "write Needy.get_config(self); or save the weights alone, with save_weights."
    )
    assert not list(tmp_path.iterdir())


class Forgetful(kplug.layers.Layer):
    def __init__(self, factor: float = 2.0, shift: object = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._factor, self.shift = factor, shift

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return self._factor * inputs


class Mindful(Forgetful):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self._factor}


def test_a_layer_with_an_argument_that_a_file_would_not_hold_is_not_saved(tmp_path: Path) -> None:
    model = kplug.Sequential([kplug.Input((5,)), Forgetful(3.0, name="told")])
    with pytest.raises(ContractError) as caught:
        model.save(tmp_path / "m.keras")
    assert str(caught.value) == (
        "the layer 'told' cannot be saved: it was given 'factor', which Forgetful.get_config leaves out, so "
        f"another one would be loaded (Forgetful is in {__name__})\n"
        "  Return it from Forgetful.get_config as it was given, as a value that JSON can hold: "
        'config["factor"] = self._factor; or save the weights alone, with save_weights.'
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "make",
    [
        Forgetful,
        lambda: Forgetful(2.0, shift=None, input_shape=(5,)),
        lambda: Mindful(factor=3.0, input_dim=5),
    ],
)
def test_nothing_is_said_of_defaults_and_of_what_is_told(make: Any, tmp_path: Path) -> None:
    kplug.Sequential([kplug.Input((5,)), make()]).save(tmp_path / "m.keras")


class Grown(Told):
    """A constructor that grew since the file was written."""

    def __init__(self, units: int, size: int, **options: Any) -> None:
        super().__init__(units + size, **options)


@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("owner", "message"),
    [
        (
            Grown,
            r"class Grown cannot be made from its configuration {.*'units': 3}: TypeError: .*'size'",
        ),
        (Failing, r"'sequential.*' cannot be built: TypeError: no such shape"),
    ],
)
def test_what_own_code_raises_is_not_blamed_on_the_file(
    owner: Any, message: str, extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"m{extension}"
    kplug.Sequential([kplug.Input((5,)), Told(3)]).save(path)
    with pytest.raises(ContractError, match=message):
        kplug.load_model(path, custom_objects={"Told": owner})
