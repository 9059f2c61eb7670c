"""kplug's models in MLflow's form: a folder with the model's file, and ``MLmodel``, which describes it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kplug.models import load_model
from kplug_loggers.description import Signature, TensorInfo


def write_model(folder: Path, file: Path, signature: Signature | None, run_id: str) -> None:
    """Write a model in MLflow's form.

    Args:
        folder: An empty folder.
        file: The model's file, as ``Model.save`` writes it.
        signature: The model's inputs and outputs, if they are known.
        run_id: The run that made it.
    """
    from mlflow import pyfunc
    from mlflow.models import Model as Description, ModelSignature

    made = Description(artifact_path="model", run_id=run_id)
    if signature is not None:
        made.signature = ModelSignature(_as_schema(signature.inputs), _as_schema(signature.outputs))
    shutil.copy(file, folder)
    pyfunc.add_to_model(made, loader_module=__name__, data=file.name)
    made.save(str(folder / "MLmodel"))


def _as_schema(tensors: Sequence[TensorInfo]) -> Any:
    """Return tensors as a schema; MLflow passes a single one without a name as an array."""
    from mlflow.types import Schema, TensorSpec

    specs: list[Any] = []
    for one in tensors:
        shape = tuple(-1 if size is None else size for size in one.shape)
        name = one.name if len(tensors) > 1 else None
        specs.append(TensorSpec(np.dtype(one.dtype), shape, name))
    return Schema(specs)


def _load_pyfunc(path: str) -> Predictor:
    """Load a model; MLflow looks for this name."""
    return Predictor(load_model(path))


class Predictor:
    """A model as MLflow calls it.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - MLflow's
        """Return the outputs for an array, a data frame or a dict of arrays by the inputs' names."""
        arrays = data.to_numpy() if hasattr(data, "to_numpy") else data
        outputs = self.model.predict(arrays, verbose=0)
        if isinstance(outputs, (list, tuple)):
            return dict(zip(self.model.output_names, outputs, strict=True))
        return outputs
