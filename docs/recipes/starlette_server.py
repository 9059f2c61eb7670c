"""A model behind HTTP with Starlette and ONNX Runtime, which need neither torch nor kplug."""

import json

import numpy as np
import onnxruntime
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route
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

# ---- the server, in a file of its own: uvicorn server:app --workers 2

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
(entry,) = session.get_inputs()
table = json.loads(session.get_modelmeta().custom_metadata_map["kplug_components"])


async def predict(request):
    """Answer ``{"rows": [[…]]}`` with the probabilities of the classes."""
    try:
        rows = np.asarray((await request.json())[entry.name], dtype=np.float32)
    except (KeyError, TypeError, ValueError):
        return JSONResponse({"error": f"send {{{entry.name!r}: [[…], …]}} with numbers"}, 422)
    if rows.ndim != 2 or rows.shape[1] != entry.shape[1] or not len(rows):
        return JSONResponse({"error": f"a row has {entry.shape[1]} numbers"}, 422)
    (made,) = await run_in_threadpool(session.run, None, {entry.name: rows})
    return JSONResponse({"classes": made.tolist()})


async def about(request):
    """Tell which components the model was made of, in which versions."""
    return JSONResponse(table)


app = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/model", about)])

# ---- a client

with TestClient(app) as client:
    answer = client.post("/predict", json={"rows": x[:5].tolist()}).json()
    np.testing.assert_allclose(
        answer["classes"], model.predict(x[:5], verbose=0), rtol=1e-4, atol=1e-6
    )
    assert client.post("/predict", json={"rows": [[1.0, 2.0]]}).status_code == 422
    assert client.post("/predict", json=[]).status_code == 422
    components = client.get("/model").json()["components"]
    assert ("optimizer", "kplug/lion") in {(row["slot"], row["name"]) for row in components}
print(f"{len(answer['classes'])} answers from a model of {len(components)} components")
