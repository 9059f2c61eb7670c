"""Whole models as Keras 2.2, Keras 2.3 and tf-keras wrote them, made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import KplugWarning, WeightsError

GENERATOR = np.random.default_rng(0)
SHAPES = {"dense_1": [(3, 4), (4,)], "dense_2": [(4, 1), (1,)]}
X: npt.NDArray[Any] = GENERATOR.normal(size=(6, 3)).astype("float32")
Y: npt.NDArray[Any] = X[:, :1]


def random(shape: tuple[int, ...]) -> npt.NDArray[Any]:
    return GENERATOR.random(shape).astype("float32")


def dense(name: str, units: int, **config: Any) -> dict[str, Any]:
    return {
        "class_name": "Dense",
        "config": {
            "name": name,
            "trainable": True,
            **config,
            "units": units,
            "activation": "linear",
            "use_bias": True,
            "kernel_initializer": {
                "class_name": "VarianceScaling",
                "config": {
                    "scale": 1.0,
                    "mode": "fan_avg",
                    "distribution": "uniform",
                    "seed": None,
                },
            },
            "bias_initializer": {"class_name": "Zeros", "config": {}},
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        },
    }


def adam(count: int, suffixes: list[str]) -> dict[str, Any]:
    config = {"lr": 0.01, "beta_1": 0.9, "beta_2": 0.999, "decay": 0.0, "epsilon": 1e-07}
    return {"class_name": "Adam", "config": {**config, "amsgrad": False}}


class Writer:
    """Writes one file, attribute by attribute, as an old Keras did."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.weights = {name: [random(s) for s in shapes] for name, shapes in SHAPES.items()}

    def write(
        self,
        model: Any,
        optimizer: Any,
        state: dict[str, Any],
        version: str = "2.2.4",
        loss: Any = "mean_squared_error",
    ) -> Path:
        training = {
            "optimizer_config": optimizer,
            "loss": loss,
            "metrics": ["mae"],
            "sample_weight_mode": None,
            "loss_weights": None,
        }
        with h5py.File(self.path, "w") as file:
            file.attrs["keras_version"] = version.encode()
            file.attrs["backend"] = b"tensorflow"
            file.attrs["model_config"] = json.dumps(model).encode()
            file.attrs["training_config"] = json.dumps(training).encode()
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = np.asarray([name.encode() for name in self.weights])
            group.attrs["backend"] = b"tensorflow"
            for name, arrays in self.weights.items():
                names = [f"{name}/{part}:0" for part in ("kernel", "bias")]
                layer = group.create_group(name)
                layer.attrs["weight_names"] = np.asarray([each.encode() for each in names])
                for each, array in zip(names, arrays, strict=True):
                    layer[each] = array
            if state:
                group = file.create_group("optimizer_weights")
                group.attrs["weight_names"] = np.asarray([name.encode() for name in state])
                for name, array in state.items():
                    group[name] = array
        return self.path


MODEL = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential_1",
        "layers": [
            dense("dense_1", 4, batch_input_shape=[None, 3], dtype="float32"),
            dense("dense_2", 1),
        ],
    },
}
BARE = {"class_name": "Sequential", "config": MODEL["config"]["layers"]}  # type: ignore[index]
FLAT = [shape for shapes in SHAPES.values() for shape in shapes]
ADAM = {
    "class_name": "Adam",
    "config": {
        "lr": 0.01,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "decay": 0.0,
        "epsilon": 1e-07,
        "amsgrad": False,
    },
}


@pytest.mark.parametrize("model", [MODEL, BARE], ids=["named", "list"])
def test_weights_and_training_configuration(model: Any, tmp_path: Path) -> None:
    writer = Writer(tmp_path / "m.h5")
    loaded = load_model(writer.write(model, ADAM, {}))
    expected = [array for arrays in writer.weights.values() for array in arrays]
    for ours, theirs in zip(loaded.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [layer.name for layer in loaded.layers] == ["dense_1", "dense_2"]
    assert loaded.optimizer.lr == 0.01
    assert loaded.metrics_names == ["loss", "mae"]


def continued(writer: Writer, moments: list[list[npt.NDArray[Any]]], count: int) -> list[float]:
    """Return the losses of a model that has these weights and moments of Adam from the start."""
    model = Sequential([layers.Dense(4, input_dim=3), layers.Dense(1)])
    model.compile("adam(lr=0.01)", "mse")
    model.set_weights([array for arrays in writer.weights.values() for array in arrays])
    model.train_on_batch(X, Y)
    model.set_weights([array for arrays in writer.weights.values() for array in arrays])
    optimizer = model.optimizer
    optimizer.param_groups[0]["iterations"] = count
    for parameter, first, second in zip(model.trainable_weights, *moments, strict=True):
        state = optimizer.state[parameter]
        for key, value in (("exp_avg", first), ("exp_avg_sq", second)):
            state[key].copy_(state[key].new_tensor(value))
        state["step"].fill_(count)
    return [model.train_on_batch(X, Y) for _ in range(3)]


@pytest.mark.parametrize("era", ["Keras 2.2", "tf.keras 2.4", "tf-keras 2.15"])
def test_adam_goes_on(era: str, tmp_path: Path) -> None:
    writer = Writer(tmp_path / "m.h5")
    moments = [[random(shape) for shape in FLAT] for _ in range(2)]
    names = [f"dense_{number // 2 + 1}/{number}" for number in range(4)]
    firsts = {f"Adam/{name}/m:0": array for name, array in zip(names, moments[0], strict=True)}
    seconds = {f"Adam/{name}/v:0": array for name, array in zip(names, moments[1], strict=True)}
    state: dict[str, Any]
    if era == "Keras 2.2":
        arrays = [*moments[0], *moments[1], *[np.zeros(1, "float32")] * 4]
        state = {"Adam/iterations:0": np.int64(7)}
        state |= {f"training/Adam/Variable_{n}:0": array for n, array in enumerate(arrays)}
    elif era == "tf.keras 2.4":
        state = {"Adam/iter:0": np.int64(7), **firsts, **seconds}
    else:
        pairs = zip(firsts.items(), seconds.items(), strict=True)
        state = {"Adam/iteration:0": np.int64(7), "Adam/learning_rate:0": np.float32(0.01)}
        state |= dict(item for pair in pairs for item in pair)
    loaded = load_model(writer.write(MODEL, ADAM, state))
    assert loaded.optimizer.iterations == 7
    found = [loaded.train_on_batch(X, Y, return_dict=True)["loss"] for _ in range(3)]
    np.testing.assert_allclose(found, continued(writer, moments, 7), rtol=1e-6)


def test_state_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "m.h5")
    path = writer.write(MODEL, ADAM, {"Adam/iterations:0": np.int64(7), "x:0": random((2,))})
    with pytest.warns(KplugWarning) as caught:
        loaded = load_model(path)
    assert str(caught[0].message) == (
        f"{path}: the optimizer starts anew, because its stored state does not fit: it has 1 arrays, "
        "Adam keeps 8 for 4 weights"
    )
    assert loaded.optimizer.iterations == 0


def test_own_loss_needs_custom_objects(tmp_path: Path) -> None:
    def my_loss(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred) ** 2

    path = Writer(tmp_path / "m.h5").write(MODEL, ADAM, {}, loss="my_loss")
    with pytest.raises(Exception, match="no loss is named 'my_loss'"):
        load_model(path)
    assert load_model(path, {"my_loss": my_loss}).loss.name == "my_loss"
    assert load_model(path, compile=False).compiled is None


def test_other_number_of_layers_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "m.h5")
    del writer.weights["dense_2"]
    with pytest.raises(WeightsError, match="the file holds 1 layer with weights"):
        load_model(writer.write(MODEL, ADAM, {}))
