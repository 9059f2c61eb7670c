"""A model as a service of BentoML, by ONNX Runtime, which needs neither torch nor kplug."""

import json
from typing import Annotated

import bentoml
import numpy as np
import onnxruntime
from bentoml.validators import DType, Shape
from starlette.testclient import TestClient

import kplug

# ---- where the model is trained

kplug.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(5.0, 2.0, size=(256, 8)).astype("float32")
y = x[:, :3].argmax(1)
scaling = kplug.layers.Normalization()
scaling.adapt(x)
model = kplug.Sequential(
    [
        kplug.Input((8,), name="rows"),
        scaling,
        kplug.layers.Dense(32, "tanh"),
        kplug.layers.Dense(3, "softmax", name="classes"),
    ]
)
model.compile("lion(lr=0.005)", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=10, verbose=0)
model.export("model.onnx")

# ---- the service, in a file of its own: bentoml serve service:Classifier


@bentoml.service
class Classifier:
    """Answers rows of 8 numbers with the probabilities of the classes."""

    def __init__(self) -> None:
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession("model.onnx", providers=providers)

    @bentoml.api
    def predict(self, rows: Annotated[np.ndarray, DType("float32"), Shape((-1, 8))]) -> np.ndarray:
        """Answer ``{"rows": [[…]]}``."""
        return self.session.run(None, {"rows": rows})[0]

    @bentoml.api
    def components(self) -> list[dict]:
        """Tell which components the model was made of, in which versions."""
        table = self.session.get_modelmeta().custom_metadata_map["kplug_components"]
        return json.loads(table)["components"]


# ---- a client

with TestClient(Classifier.to_asgi()) as client:
    answer = client.post("/predict", json={"rows": x[:5].tolist()}).json()
    expected = model.predict(x[:5], verbose=0)
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-6)
    assert client.post("/predict", json={"rows": [[1.0, 2.0]]}).status_code == 400
    components = client.post("/components", json={}).json()
    assert ("optimizer", "kplug/lion") in {(row["slot"], row["name"]) for row in components}
print(f"{len(answer)} answers from a model of {len(components)} components")
