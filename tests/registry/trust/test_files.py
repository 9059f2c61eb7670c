"""Limits of a file: what loading it can and cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DisabledComponentError
from tests.registry.trust.lakes import offer, plant
from tests.registry.trust.watched import run_watched

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


@pytest.mark.slow
@pytest.mark.torch
def test_loading_a_file_does_nothing_else(install: Sandbox) -> None:
    """Every name in the file is that of a planted module on the path."""
    plant(install)
    before = """
import h5py, kplug
model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2, kernel_regularizer=kplug.regularizers.L2(0.25))])
model.compile("sgd", "mse")
names = []
for path in ("m.h5", "m.keras"):
    model.save(path)
kplug.load_model("m.h5"), kplug.load_model("m.keras")
def attempt(text):
    try:
        kplug.models.model_from_json(text).count_params()  # which makes all that a layer holds
    except kplug.KplugError as error:
        return str(error)
for old in ('"L2"', '"Dense"', '"keras.regularizers"', '"keras.layers"', '"keras"', '"Sequential"'):
    for new in ("planted", "planted:pond", "planted.pond", "planted>pond", "planted/pond", "../planted.py"):
        names.append(model.to_json().replace(old, json.dumps(new)))
attempt(names[0])
listing = sorted(os.listdir("."))
"""
    watched = """
kplug.load_model("m.h5"), kplug.load_model("m.keras")
result = [attempt(text) for text in names]
"""
    done = run_watched(
        before,
        f"{watched}assert sorted(os.listdir('.')) == listing",
        path=install.folder,
        planted=("planted",),
    )
    assert done.seen == []
    assert all(done.result[:12])  # a class of that name; as a module it may be nobody's business
    assert not [message for message in done.result if message and "pip install" in message]


@pytest.mark.torch
def test_a_file_cannot_reach_what_is_switched_off(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(install)
    monkeypatch.setenv("KPLUG_DISABLE", "lake")
    kplug.reload()
    for stored in ("lake>pond", "lake/pond"):
        with pytest.raises(DisabledComponentError):
            kplug.regularizers.deserialize({"class_name": stored, "config": {}})
    assert install.imported() == set()
