"""MLflow's callback, with MLflow and a file of SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug.errors import KplugWarning

mlflow = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NAME = "mlflow(experiment='dice', update_freq=1, params={'fold': 3})"


@pytest.fixture(autouse=True)
def _with_own_file(tmp_path: Path) -> Iterator[None]:
    mlflow.set_tracking_uri(
        f"sqlite:///{tmp_path / 'mlflow.db'}"
    )  # it keeps one open for each text
    yield
    mlflow.set_tracking_uri(None)


def find_run() -> Any:
    (run,) = mlflow.search_runs(experiment_names=["dice"], output_format="list")
    return run


def list_points(run: Any, name: str) -> list[tuple[int, float]]:
    found = mlflow.MlflowClient().get_metric_history(run.info.run_id, name)
    return [(one.step, one.value) for one in found]


def read_artifact(run: Any, name: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=name))


def test_a_run_is_read_back(train: Callable[..., Any], data: Any) -> None:
    model, history = train(NAME)
    run = find_run()
    assert run.info.status == "FINISHED"
    assert run.data.params["loss"] == "kplug/huber"
    assert run.data.params["loss.delta"] == "2.0"
    assert run.data.params["fold"] == "3"
    for name, values in history.items():
        assert list_points(run, name) == [*enumerate(values)]
    assert [step for step, _ in list_points(run, "batch/loss")] == [*range(1, 16)]

    table = json.loads(read_artifact(run, "components.json").read_text())
    assert table["columns"][0] == "slot"
    assert [row[0] for row in table["data"]] == [row.slot for row in model.components]
    assert read_artifact(run, "kplug.lock").read_text().startswith("# What supplies")

    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_array_equal(loaded.predict(data), model.predict(data, verbose=0))
    (tensor,) = loaded.metadata.signature.outputs.inputs
    assert (tensor.shape, tensor.type) == ((-1, 1), np.dtype("float32"))
    with pytest.raises(mlflow.exceptions.MlflowException, match="shape"):
        loaded.predict(data[:, :2])


def test_a_model_with_several_inputs_and_outputs_is_called_by_their_names(data: Any) -> None:
    left, right = kplug.Input((3,), name="left"), kplug.Input((3,), name="right")
    summed = kplug.layers.Add(name="sum")([left, right])
    model = kplug.Model([left, right], [summed, kplug.layers.Dense(1, name="score")(summed)])
    model.compile("sgd", "mse")
    arrays = {"left": data, "right": data}
    model.fit([data, data], [data, data[:, :1]], verbose=0, callbacks=[NAME])
    loaded = mlflow.pyfunc.load_model(f"runs:/{find_run().info.run_id}/model")
    found = loaded.predict(arrays)
    expected = model.predict([data, data], verbose=0)
    for name, values in zip(("sum", "score"), expected, strict=True):
        np.testing.assert_array_equal(found[name], values)


def test_a_resumed_training_continues_the_run(train_with_power_cut: Callable[..., Any]) -> None:
    train_with_power_cut(NAME)
    run = find_run()
    assert run.info.status == "FINISHED"
    assert [step for step, _ in list_points(run, "loss")] == [0, 1, 2]
    # The step that was interrupted was logged before the power cut, and is not in the backup.
    assert [step for step, _ in list_points(run, "batch/loss")] == [*range(1, 13), *range(13, 16)]


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_that_an_error_ends(error: Any, status: str, train: Callable[..., Any]) -> None:
    def end(epoch: int, logs: Any) -> None:
        raise error

    with pytest.raises(error):
        train(NAME, kplug.callbacks.LambdaCallback(on_epoch_end=end))
    assert find_run().info.status == status


def test_a_run_of_the_program_can_be_continued(train: Callable[..., Any]) -> None:
    mlflow.set_experiment("dice")
    with mlflow.start_run() as run:
        mlflow.log_param("loss", "mine")
        train(f"mlflow(run_id='{run.info.run_id}', log_model=False)")
    found = find_run()
    assert found.info.run_id == run.info.run_id
    assert found.data.params["loss"] == "mine"  # which MLflow does not change
    assert found.data.params["optimizer"] == "kplug/sgd"


def test_a_server_that_is_gone_costs_a_warning(train: Callable[..., Any]) -> None:
    with pytest.warns(KplugWarning, match="MLflow: the run is logged no further") as caught:
        _, history = train("mlflow(tracking_uri='http://127.0.0.1:9', timeout=1)")
    assert len([one for one in caught if issubclass(one.category, KplugWarning)]) == 1
    assert len(history["loss"]) == 3


def test_a_disk_that_is_full_costs_a_warning(train: Callable[..., Any], full_disk: Any) -> None:
    with pytest.warns(KplugWarning, match="MLflow: the run '.*' is logged no further") as caught:
        _, history = train(full_disk, NAME)
    assert len([one for one in caught if issubclass(one.category, KplugWarning)]) == 1
    assert len(history["loss"]) == 3
    assert [step for step, _ in list_points(find_run(), "loss")] == [0]


def test_neither_tensorflow_nor_keras_is_imported() -> None:
    code = (
        "import sys, kplug; kplug.resolve('callback', 'mlflow');"
        "print({'tensorflow', 'keras'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout == "set()\n"
