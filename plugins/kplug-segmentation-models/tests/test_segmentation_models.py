"""Models against segmentation-models-pytorch's own on pictures with the channels first; files; bad input."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_models.getting import get
from kplug_segmentation_models import models
from kplug_segmentation_models.network import SegmentationNetwork
from kplug_segmentation_models.plugin import NAMES
from safetensors.torch import save_file

import kplug
from kplug import Model
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    KplugError,
    UnknownComponentError,
    WeightsError,
)
from kplug.inspection import KINDS, list_components

SMALL: dict[str, Any] = {
    "encoder_name": "tu-test_resnet",
    "decoder_channels": [16, 8, 8, 8, 8],
}
TINY = "Unet(encoder_name='tu-test_resnet', decoder_channels=[16, 8, 8, 8, 8]{})"


def _draw(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _find_module(model: Model) -> Any:
    network = model.layers[-1]
    assert isinstance(network, SegmentationNetwork)
    return network.network


def _compute(module: Any, pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Return what a module of the library computes itself, with the channels first outside."""
    with torch.no_grad():
        found = module.eval()(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    outputs = found if isinstance(found, tuple) else (found,)
    return [np.moveaxis(one.numpy(), 1, -1) if one.ndim == 4 else one.numpy() for one in outputs]


def _compare(architecture: str, arguments: dict[str, Any], size: int, shape: Any = None) -> None:
    given = "".join(f", {key}={value!r}" for key, value in arguments.items())
    model = get(f"segmentation-models/{architecture}(input_shape={shape!r}{given})")
    module = smp.create_model(architecture, encoder_weights=None, **arguments)
    module.load_state_dict(_find_module(model).state_dict())
    pictures = _draw(2, size, size, arguments.get("in_channels", 3))
    expected = _compute(module, pictures)
    found = model.predict(pictures, verbose=0)
    for ours, theirs in zip(found if isinstance(found, list) else [found], expected, strict=True):
        limit = 1e-5 * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=limit)


def test_outputs_are_those_of_the_library() -> None:
    arguments = {**SMALL, "classes": 4, "in_channels": 2, "activation": "softmax2d"}
    _compare("Unet", arguments, 32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "arguments", "size", "shape"),
    [
        ("FPN", {"encoder_name": "resnet18", "classes": 2, "activation": "sigmoid"}, 64, None),
        ("DeepLabV3Plus", {"encoder_name": "mobilenet_v2", "classes": 3}, 64, None),
        ("PAN", {"encoder_name": "resnet18"}, 128, (128, 128, 3)),
        ("Segformer", {"encoder_name": "mit_b0", "classes": 2}, 64, None),
        ("DPT", {"encoder_name": "tu-vit_tiny_patch16_224"}, 224, None),
        ("Unet", {**SMALL, "aux_params": {"classes": 5, "dropout": 0.5}}, 64, None),
    ],
    ids=str,
)
def test_outputs_of_architectures_are_those_of_the_library(
    architecture: str, arguments: dict[str, Any], size: int, shape: Any
) -> None:
    _compare(architecture, arguments, size, shape)


@pytest.mark.slow
def test_a_model_trains_and_is_saved_by_its_name(tmp_path: Path) -> None:
    model = get(TINY.format(", activation='sigmoid'"))
    assert model.output_shape == (None, None, None, 1)
    pictures = _draw(8, 32, 32, 3)
    masks = (pictures[..., :1] > 0).astype("float32")
    model.compile("adam(lr=0.01)", "binary_crossentropy")
    history = model.fit(pictures, masks, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    config = again.layers[-1].get_config()
    assert (config["architecture"], config["arguments"]) == (
        "Unet",
        {**SMALL, "activation": "sigmoid"},
    )
    expected = model.predict(pictures, verbose=0)
    np.testing.assert_array_equal(again.predict(pictures, verbose=0), expected)
    row = again.components.get("unet")
    assert row.name == "kplug-segmentation-models/SegmentationNetwork"


def test_a_file_gives_the_weights(tmp_path: Path) -> None:
    module = smp.Unet(encoder_weights=None, **SMALL)
    path = tmp_path / "model.safetensors"
    save_file(module.state_dict(), path)
    pictures = _draw(2, 32, 32, 3)
    (expected,) = _compute(module, pictures)
    found = get(TINY.format(f", weights={str(path)!r}")).predict(pictures, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    other = _find_module(get(TINY.format(f", classes=3, weights={str(path)!r}")))
    assert other.segmentation_head[0].weight.shape[0] == 3
    for part in ("encoder", "decoder"):
        weights = getattr(other, part).state_dict()
        torch.testing.assert_close(weights, getattr(module, part).state_dict(), rtol=0, atol=0)
    with pytest.raises(WeightsError, match=r"lacks .* weights of FPN"):
        get(f"FPN(encoder_name='mobilenet_v2', weights={str(path)!r})")


def test_nothing_is_downloaded_unless_the_program_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ArgumentError) as caught:
        get("Unet(encoder_weights='imagenet')")
    assert str(caught.value) == (
        "Unet: encoder_weights='imagenet' downloads weights, which a name alone does not\n"
        "  Allow it: kplug.models.get(…, may_download=True). Or give a file of weights of the whole "
        "model: weights='model.safetensors'."
    )
    pretrained = smp.encoders.get_encoder("mobilenet_v2").state_dict()
    fetch = "segmentation_models_pytorch.encoders"
    asked: list[str] = []
    monkeypatch.setattr(f"{fetch}.hf_hub_download", lambda repo, **_: asked.append(repo))
    monkeypatch.setattr(f"{fetch}.load_file", lambda *_, **__: dict(pretrained))
    name = "Linknet(encoder_name='mobilenet_v2', encoder_weights={!r})"
    model = get(name.format("imagenet"), may_download=True)
    assert {*asked} == {"smp-hub/mobilenet_v2.imagenet"}
    found = _find_module(model).encoder.state_dict()
    torch.testing.assert_close(found, pretrained, rtol=0, atol=0)
    assert "imagenet" not in str(model.get_config())
    with pytest.raises(WeightsError, match="Wrong pretrained weights `no` for encoder"):
        get(name.format("no"), may_download=True)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("segmentation-models/Unett", UnknownComponentError, "Did you mean 'Unet'?"),
        (
            "Unet(clases=3)",
            ArgumentError,
            "'clases'. Did you mean 'classes'?\n  Known: encoder_name,",
        ),
        ("Unet(pretrained_cfg={})", ArgumentError, "takes no 'pretrained_cfg'"),
        ("Unet(checkpoint_path='x')", ArgumentError, "Unet has no argument 'checkpoint_path'"),
        ("Unet(encoder_name='no')", ArgumentValueError, "'tu-' and a name of timm"),
        ("Unet(encoder_name='tu-hf-hub:a/b')", ArgumentValueError, "'tu-' and a name of timm"),
        (
            "Unet(encoder_name='tu-resnet18.a1_in1k')",
            ArgumentValueError,
            "'tu-' and a name of timm",
        ),
        (
            "Unet(classes='x')",
            ArgumentError,
            "segmentation-models-pytorch cannot make Unet(classes='x'",
        ),
        ("Unet(weights='no')", ArgumentValueError, "the path of a file that is there"),
        ("Unet(input_shape=(3, 64, 64))", ArgumentValueError, "last in kplug: (64, 64, 3)."),
    ],
)
def test_bad_input(text: str, error: type[KplugError], message: str) -> None:
    with pytest.raises(error) as caught:
        get(text)
    assert message in str(caught.value)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a file of a model has in it."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    get(TINY.format("")).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"arguments": {"encoder_weights": "imagenet"}},
            ArgumentError,
            "takes no 'encoder_weights'",
        ),
        ({"arguments": {"encoder_name": "tu-hf-hub:a/b"}}, ArgumentValueError, "'tu-hf-hub:a/b'"),
        ({"arguments": {"cache_dir": "/"}}, ArgumentError, "Unet has no argument 'cache_dir'"),
        ({"architecture": "from_pretrained"}, UnknownComponentError, "no model 'from_pretrained'"),
    ],
    ids=str,
)
def test_a_file_names_an_architecture_and_nothing_else(
    changes: dict[str, Any],
    error: type[KplugError],
    message: str,
    members: dict[str, bytes],
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.keras"
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"].update(changes)
    changed = {**members, "config.json": json.dumps(config).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in changed.items():
            archive.writestr(name, content)
    with pytest.raises(error) as caught:
        kplug.load_model(path)
    assert message in str(caught.value)


def test_every_architecture_is_offered() -> None:
    assert {*NAMES} == {one.__name__ for one in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    found = [one.qualified_name for one in list_components(KINDS["model"])]
    assert {f"kplug-segmentation-models/{name}" for name in NAMES} <= {*found}
    assert models.Unet is models.Unet
    assert not hasattr(models, "Unett")


def test_listing_imports_neither_torch_nor_the_library() -> None:
    code = (
        "import sys; from kplug.inspection import KINDS, list_components;"
        "names = {c.qualified_name for c in list_components(KINDS['model'])};"
        "print('kplug-segmentation-models/Unet' in names, 'torch' in sys.modules, "
        "'segmentation_models_pytorch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


CASES = [
    case
    for case in contract_cases("kplug-segmentation-models", kinds=["model"])
    if case.component.name == "Linknet"
]


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
