"""Models against torchvision's own on pictures with the channels first; weights; files; bad input."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import importlib_metadata
import numpy as np
import pytest
import torch
import torchvision
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_models.getting import get
from kplug_torchvision import models
from kplug_torchvision.network import TorchvisionNetwork
from kplug_torchvision.table import CLASSIFICATION, NAMES, RENAMED, SEGMENTATION, VERSION
from safetensors.torch import save_file
from torchvision.models import get_model, list_models, segmentation

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

TINY = "torchvision/shufflenet_v2_x0_5"
SMALL = "num_classes=3, input_shape=(32, 32, 3)"


def _draw(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _find_module(model: Model) -> Any:
    network = model.layers[-1]
    assert isinstance(network, TorchvisionNetwork)
    return network.network


def _compute(module: Any, pictures: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return what a module of torchvision computes itself, with the channels first outside."""
    with torch.no_grad():
        found = module.eval()(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    if isinstance(found, dict):
        return np.moveaxis(found["out"].numpy(), 1, -1)
    return np.asarray(found)


def _compare(name: str, size: int, **theirs: Any) -> None:
    model = get(f"torchvision/{name}(num_classes=4, input_shape=({size}, {size}, 3))")
    if name in SEGMENTATION:
        theirs = {"weights_backbone": None, **theirs}
    module = get_model(name, weights=None, num_classes=4, **theirs)
    module.load_state_dict(_find_module(model).state_dict())
    pictures = _draw(2, size, size, 3)
    expected = _compute(module, pictures)
    assert model.output_shape[1:] == expected.shape[1:]
    np.testing.assert_allclose(
        model.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
    )


def test_outputs_are_those_of_torchvision() -> None:
    _compare("shufflenet_v2_x0_5", 32)


FAMILIES: dict[str, tuple[int, dict[str, Any]]] = {
    "convnext_tiny": (32, {}),
    "densenet121": (32, {}),
    "googlenet": (64, {"aux_logits": False, "init_weights": False}),
    "maxvit_t": (224, {}),
    "mnasnet0_5": (32, {}),
    "regnet_y_400mf": (32, {}),
    "swin_v2_t": (64, {}),
    "vit_b_32": (64, {"image_size": 64}),
    "deeplabv3_mobilenet_v3_large": (64, {}),
    "lraspp_mobilenet_v3_large": (64, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_of_families_are_those_of_torchvision(name: str) -> None:
    size, theirs = FAMILIES[name]
    _compare(name, size, **theirs)


@pytest.mark.slow
def test_a_model_trains_and_is_saved_by_its_name(tmp_path: Path) -> None:
    model = get(f"{TINY}({SMALL})")
    classes = np.random.default_rng(0).integers(0, 3, 24)
    pictures = _draw(24, 32, 32, 3) + 3 * np.eye(3, dtype="float32")[classes][:, None, None]
    model.compile("adam", "sparse_categorical_crossentropy(from_logits=True)")
    history = model.fit(pictures, classes, epochs=4, batch_size=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    config = again.layers[-1].get_config()
    assert (config["architecture"], config["arguments"]) == (
        "shufflenet_v2_x0_5",
        {"num_classes": 3},
    )
    expected = model.predict(pictures, verbose=0)
    np.testing.assert_array_equal(again.predict(pictures, verbose=0), expected)
    row = again.components.get("shufflenet_v2_x0_5")
    assert (row.name, row.distribution) == (
        "kplug-torchvision/TorchvisionNetwork",
        "kplug-torchvision",
    )


@pytest.mark.slow
def test_pixels_are_classified(tmp_path: Path) -> None:
    model = get("torchvision/lraspp_mobilenet_v3_large(num_classes=2, input_shape=(None, None, 3))")
    assert model.output_shape == (None, None, None, 2)
    pictures = _draw(8, 64, 64, 3)
    masks = (pictures[..., 0] > 0).astype("int64")
    model.compile("adam", "sparse_categorical_crossentropy(from_logits=True)")
    history = model.fit(pictures, masks, epochs=2, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    expected = model.predict(pictures, verbose=0)
    np.testing.assert_array_equal(again.predict(pictures, verbose=0), expected)


@pytest.fixture(scope="module")
def module() -> Any:
    """torchvision's module with 1000 classes, and weights that no other one was drawn with."""
    torch.manual_seed(5)
    made = get_model("shufflenet_v2_x0_5")
    with torch.no_grad():
        for one in made.parameters():
            one.add_(0.05 * torch.randn(one.shape))
    return made


@pytest.mark.parametrize("suffix", ["pth", pytest.param("safetensors", marks=pytest.mark.slow)])
def test_a_file_gives_the_weights(module: Any, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{suffix}"
    save: Any = {"pth": torch.save, "safetensors": save_file}[suffix]
    save(module.state_dict(), path)
    model = get(f"{TINY}(weights={str(path)!r}, input_shape=(32, 32, 3))")
    pictures = _draw(2, 32, 32, 3)
    expected = _compute(module, pictures)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert "weights" not in str(model.get_config())
    torch.manual_seed(3)
    drawn = get(f"{TINY}({SMALL})")
    torch.manual_seed(3)
    other = get(f"{TINY}({SMALL}, weights={str(path)!r})")
    for name, weight in _find_module(other).state_dict().items():
        is_head = name.startswith("fc.")
        wanted = (_find_module(drawn) if is_head else module).state_dict()[name]
        torch.testing.assert_close(weight, wanted, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["googlenet", "densenet121"])
def test_files_of_torchvisions_own_are_read(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    arguments = {"init_weights": False} if name == "googlenet" else {}
    theirs = get_model(name, **arguments)  # with auxiliary classifiers
    # As in its files, densenet's norm1 is norm.1.
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.")
        if "denselayer" in key
        else key: one
        for key, one in theirs.state_dict().items()
    }
    torch.save(old, tmp_path / "model.pth")
    path = str(tmp_path / "model.pth")
    model = get(f"torchvision/{name}(weights={path!r}, input_shape=(64, 64, 3))")
    pictures = _draw(2, 64, 64, 3)
    if name == "googlenet":
        theirs.transform_input = True  # as torchvision sets it with its weights
    expected = _compute(theirs, pictures)
    np.testing.assert_allclose(
        model.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
    )


def test_weights_that_do_not_fit_are_refused(module: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    name = f"{TINY}({SMALL}, weights={str(path)!r})"
    whole = module.state_dict()
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {key: one for key, one in whole.items() if "stage3" not in key},
            "lacks .* weights of shuff",
        ),
        ({**whole, "more": torch.zeros(1)}, "has 1 that shufflenet_v2_x0_5 lacks, such as 'more'"),
        (
            {**whole, "conv1.0.weight": torch.zeros(2)},
            r"has 'conv1.0.weight' of shape \(2,\), shuff",
        ),
    ]
    for weights, text in cases:
        torch.save(weights, path)
        with pytest.raises(WeightsError, match=text):
            get(name)
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be loaded into shufflenet_v2_x0_5"):
        get(name)


def test_nothing_is_downloaded_unless_the_program_allows_it(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = torchvision.models.get_model_weights("shufflenet_v2_x0_5")
    address = weights["IMAGENET1K_V1"].url
    with pytest.raises(ArgumentError) as caught:
        get(f"{TINY}(weights='IMAGENET1K_V1')")
    assert str(caught.value) == (
        "shufflenet_v2_x0_5: weights='IMAGENET1K_V1' downloads weights, which a name alone does not\n"
        f"  Allow it: kplug.models.get(…, may_download=True). Or fetch {address} elsewhere, and name "
        "the file: weights='file.pth'."
    )
    asked = []

    def download(url: str, **_: Any) -> Any:
        asked.append(url)
        return module.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    model = get(f"{TINY}({SMALL}, weights='DEFAULT')", may_download=True)
    assert asked == [address]
    found = _find_module(model).state_dict()["conv1.0.weight"]
    torch.testing.assert_close(found, module.state_dict()["conv1.0.weight"], rtol=0, atol=0)
    assert model.output_shape == (None, 3)

    def fail(url: str, **_: Any) -> Any:
        raise OSError("no network")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(WeightsError, match=r"cannot be loaded into shuff.*: no network"):
        get(f"{TINY}(weights='DEFAULT')", may_download=True)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("torchvision/resnt18", UnknownComponentError, "Did you mean 'resnet18'?"),
        ("torchvision/quantized_resnet18", UnknownComponentError, "offers no model"),
        (
            "torchvision/regnet_y_1_6gf",
            UnknownComponentError,
            "offers no model",
        ),  # not regnet_y_16gf
        ("torchvision/regnet_y_16gf", UnknownComponentError, "offers no model"),
        (
            f"{TINY}(num_clases=3)",
            ArgumentError,
            "has no argument 'num_clases'. Did you mean 'num_classes'?\n  Known: stages_repeats, ",
        ),
        (
            "torchvision/fcn_resnet50(num_clases=3)",
            ArgumentError,
            "has no argument 'num_clases'. Did you mean 'num_classes'?\n  Known: num_classes.",
        ),
        ("torchvision/fcn_resnet50(aux_loss=True)", ArgumentError, "takes no 'aux_loss' here"),
        ("torchvision/googlenet(aux_logits=True)", ArgumentError, "takes no 'aux_logits' here"),
        (f"{TINY}(num_classes='x')", ArgumentError, "torchvision cannot make shufflenet_v2_x0_5("),
        (
            f"{TINY}(weights='no')",
            ArgumentValueError,
            "None, 'IMAGENET1K_V1', 'DEFAULT', or the path",
        ),
        (f"{TINY}(pretrained=True)", ArgumentError, "takes no 'pretrained'"),
        (
            f"{TINY}(input_shape=(32, 32, 1))",
            ArgumentValueError,
            "torchvision's models are for colours",
        ),
        (f"{TINY}(input_shape=(3, 64, 64))", ArgumentValueError, "last in kplug: (64, 64, 3)."),
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
    get(f"{TINY}({SMALL})").save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"arguments": {"weights": "DEFAULT"}}, ArgumentError, "takes no 'weights'"),
        ({"arguments": {"pretrained": True}}, ArgumentError, "takes no 'pretrained'"),
        ({"architecture": "raft_small"}, UnknownComponentError, "offers no model 'raft_small'"),
        ({"architecture": "../resnet18"}, KplugError, "'kplug-torchvision/../resnet18'"),
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


def test_every_model_of_the_version_is_offered() -> None:
    if importlib_metadata.version("torchvision").startswith(f"{VERSION}."):
        assert list_models(torchvision.models) == CLASSIFICATION
        assert list_models(segmentation) == SEGMENTATION
    found = [one.qualified_name for one in list_components(KINDS["model"])]
    offered = [RENAMED.get(name, name) for name in NAMES]
    assert {f"kplug-torchvision/{name}" for name in offered} <= {*found}
    assert models.resnet18 is models.resnet18
    assert not hasattr(models, "no_such_net")


def test_listing_imports_neither_torch_nor_torchvision() -> None:
    code = (
        "import sys; from kplug.inspection import KINDS, list_components;"
        "names = {c.qualified_name for c in list_components(KINDS['model'])};"
        "print('kplug-torchvision/resnet18' in names, 'torch' in sys.modules, 'torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


CASES = [
    case
    for case in contract_cases("kplug-torchvision", kinds=["model"])
    if case.component.name == "shufflenet_v2_x0_5"
]


@pytest.mark.sampled(8)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    check_contract(case)
