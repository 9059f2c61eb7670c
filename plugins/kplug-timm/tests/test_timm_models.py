"""Models and features against timm's own on pictures with the channels first; weights; files; bad input."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import timm
import torch
from kplug_models.getting import get
from kplug_timm.network import TimmNetwork
from safetensors.torch import save_file

import kplug
from kplug import Model
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    DataError,
    KplugError,
    UnknownComponentError,
    WeightsError,
)

SMALL = "num_classes=3, input_shape=(32, 32, 3)"


def _draw(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _find_module(model: Model) -> Any:
    network = model.layers[-1]
    assert isinstance(network, TimmNetwork)
    return network.network


def _compute(module: torch.nn.Module, pictures: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Return what a module of timm computes itself, with the channels first outside."""
    with torch.no_grad():
        found = module.eval()(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    outputs = found if isinstance(found, (list, tuple)) else [found]
    return [one.numpy() for one in outputs]


def _compare(name: str, arguments: dict[str, Any], shape: tuple[int, int, int]) -> None:
    given = "".join(f", {key}={value!r}" for key, value in arguments.items())
    model = get(f"timm/{name}(input_shape={shape}{given})")
    has_size = timm.models.get_pretrained_cfg_value(name, "fixed_input_size")
    sizes = {"img_size": shape[:2]} if has_size else {}
    theirs: Any = timm.create_model(name, **{**sizes, "in_chans": shape[2], **arguments})
    theirs.load_state_dict(_find_module(model).state_dict())
    pictures = _draw(2, *shape)
    expected = _compute(theirs, pictures)
    if arguments.get("features_only"):
        channels = theirs.feature_info.channels()
        # Swin's have their channels last already.
        is_last = [one.shape[-1] for one in expected] == channels
        expected = expected if is_last else [np.moveaxis(one, 1, -1) for one in expected]
        assert [one.shape[-1] for one in expected] == channels
    elif expected[0].ndim == 4 and expected[0].shape[-1] != theirs.num_features:
        expected = [np.moveaxis(expected[0], 1, -1)]
    found = model.predict(pictures, verbose=0)
    found = found if isinstance(found, list) else [found]
    shapes = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
    assert [one[1:] for one in shapes] == [one.shape[1:] for one in expected]
    for ours, his in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, his, rtol=1e-4, atol=1e-5 * np.abs(his).max())


QUICK: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("test_resnet", {"num_classes": 3}, (32, 32, 3)),
    ("test_vit", {"num_classes": 3}, (32, 48, 1)),
    ("test_resnet", {"features_only": True, "out_indices": [1, 3]}, (48, 32, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), QUICK, ids=str)
def test_outputs_are_those_of_timm(
    name: str, arguments: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    _compare(name, arguments, shape)


# A small model of each of these families, and of those that take pictures of 224 pixels alone.
SMALL_ONES = """
    mobileone_s1 cait_xxs24_224 coat_tiny convit_tiny convnext_atto cs3darknet_focus_s
    deit_tiny_distilled_patch16_224 densenet121 dla46x_c edgenext_xx_small tf_efficientnetv2_b0
    fastvit_t8 ghostnet_100 hgnetv2_b0 hrnet_w18_small inception_next_atto lcnet_035
    mobilenetv3_small_050 mobilenetv4_conv_small_035 mobilevit_xxs nf_regnet_b0 poolformerv2_s12
    pvt_v2_b0 regnetx_002 repvgg_a0 repvit_m0_9 resnest14d resnetv2_18 rexnet_100 selecsls42
    starnet_s1 vit_tiny_patch16_224 ese_vovnet19b_slim_dw
"""
FIXED = """
    efficientformerv2_s0 levit_128s mixer_s32_224 pit_ti_224 tiny_vit_5m_224 visformer_tiny
    xcit_nano_12_p16_224
"""
FAMILIES = {**dict.fromkeys(SMALL_ONES.split(), 64), **dict.fromkeys(FIXED.split(), 224)}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_of_families_are_those_of_timm(name: str) -> None:
    size = FAMILIES[name]
    _compare(name, {"num_classes": 3}, (size, size, 3))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        (
            "swin_tiny_patch4_window7_224",
            {"features_only": True},
            224,
        ),  # timm has their channels last
        ("vit_tiny_patch16_224", {"features_only": True}, 64),
        ("convnext_atto", {"features_only": True}, 64),
        ("efficientnet_lite0", {"features_only": True, "out_indices": [2, 4]}, 64),
        ("mobilenetv4_conv_small", {"features_only": True, "output_stride": 16}, 64),
        ("swin_tiny_patch4_window7_224", {"num_classes": 0, "global_pool": ""}, 224),
        ("vit_tiny_patch16_224", {"num_classes": 0, "global_pool": ""}, 64),
        ("resnet10t", {"num_classes": 0, "global_pool": ""}, 64),
    ],
    ids=str,
)
def test_features_are_those_of_timm(name: str, arguments: dict[str, Any], size: int) -> None:
    _compare(name, arguments, (size, size, 3))


@pytest.mark.slow
def test_a_model_trains_and_is_saved_by_its_name(tmp_path: Path) -> None:
    model = get(f"timm/test_resnet({SMALL})")
    classes = np.random.default_rng(0).integers(0, 3, 24)
    pictures = _draw(24, 32, 32, 3) + 3 * np.eye(3, dtype="float32")[classes][:, None, None]
    model.compile("adam", "sparse_categorical_crossentropy(from_logits=True)", metrics=["accuracy"])
    history = model.fit(pictures, classes, epochs=3, batch_size=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    row = model.components.get("test_resnet")
    assert (row.name, row.distribution) == ("kplug-timm/TimmNetwork", "kplug-timm")
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    layer = config["config"]["layers"][1]
    assert layer["config"]["architecture"] == "test_resnet"
    assert layer["config"]["arguments"] == {"num_classes": 3}
    again = kplug.load_model(tmp_path / "model.keras")
    expected = model.predict(pictures, verbose=0)
    np.testing.assert_array_equal(again.predict(pictures, verbose=0), expected)
    again.fit(pictures, classes, epochs=1, verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    other = get(f"timm/test_resnet({SMALL})")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.predict(pictures, verbose=0), expected)


def test_a_network_is_frozen_and_part_of_another_model() -> None:
    body = get("timm/test_resnet(num_classes=0, input_shape=(32, 32, 3))")
    body.trainable = False
    inputs = kplug.Input((32, 32, 3))
    model = Model(inputs, kplug.layers.Dense(2)(body(inputs)))
    assert len(model.trainable_weights) == 2
    before = body.get_weights()
    model.compile("adam", "mse")
    model.fit(_draw(4, 32, 32, 3), np.zeros((4, 2)), verbose=0)
    names = [name for name, _ in body.named_weights()]
    changed = [
        n for n, a, b in zip(names, before, body.get_weights(), strict=True) if (a != b).any()
    ]
    assert changed == []
    body.trainable = True
    model.compile("adam", "mse")
    model.fit(_draw(4, 32, 32, 3), np.zeros((4, 2)), verbose=0)
    changed = [
        n for n, a, b in zip(names, before, body.get_weights(), strict=True) if (a != b).any()
    ]
    assert any("running_mean" in name for name in changed)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Weights of timm with 1000 classes in a file, and the module that they are of."""
    torch.manual_seed(5)
    module = timm.create_model("test_resnet")
    with torch.no_grad():
        for one in module.parameters():
            one.add_(0.05 * torch.randn(one.shape))
    path = tmp_path_factory.mktemp("timm") / "model.safetensors"
    save_file(module.state_dict(), path)
    return path, module


def test_a_file_gives_the_weights(weights: tuple[Path, Any]) -> None:
    path, module = weights
    model = get(f"timm/test_resnet(weights={str(path)!r}, input_shape=(32, 32, 3))")
    pictures = _draw(2, 32, 32, 3)
    (expected,) = _compute(module, pictures)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert "weights" not in str(model.get_config())


def test_a_file_of_weights_is_adapted_to_classes_channels_and_features(
    weights: tuple[Path, Any],
) -> None:
    path, module = weights
    pictures = _draw(2, 32, 32, 3)
    x = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        expected = module.eval().forward_features(x).numpy()
    model = get(f"timm/test_resnet({SMALL}, weights={str(path)!r})")
    assert model.output_shape == (None, 3)
    with torch.no_grad():
        np.testing.assert_allclose(
            _find_module(model).eval().forward_features(x).numpy(), expected, rtol=1e-4, atol=1e-5
        )
    stages = get(
        f"timm/test_resnet(features_only=True, input_shape=(32, 32, 3), weights={str(path)!r})"
    )
    last = np.moveaxis(stages.predict(pictures, verbose=0)[-1], -1, 1)
    np.testing.assert_allclose(last, expected, rtol=1e-4, atol=1e-5)
    grey = get(f"timm/test_resnet(input_shape=(32, 32, 1), weights={str(path)!r})")
    found = dict(_find_module(grey).named_parameters())["conv1.0.weight"]
    torch.testing.assert_close(found, module.conv1[0].weight.sum(1, keepdim=True))


def test_drawn_numbers_follow_the_seed_with_and_without_a_file(weights: tuple[Path, Any]) -> None:
    heads = []
    for given in ("", f", weights={str(weights[0])!r}"):
        torch.manual_seed(3)
        heads.append(get(f"timm/test_resnet({SMALL}{given})").get_weights()[-1])
        assert torch.rand(1) > 0
    np.testing.assert_array_equal(heads[0], heads[1])


def test_weights_of_another_architecture_are_refused(
    weights: tuple[Path, Any], tmp_path: Path
) -> None:
    path, module = weights
    with pytest.raises(WeightsError) as caught:
        get(f"timm/test_vit(weights={str(path)!r})")
    assert str(caught.value).startswith(f"the file {str(path)!r} cannot be loaded into test_vit: ")
    # timm itself takes a part of the weights where the classes differ, and tells nobody.
    part = {key: one for key, one in module.state_dict().items() if not key.startswith("layer3")}
    save_file(part, tmp_path / "part.safetensors")
    with pytest.raises(WeightsError) as caught:
        get(f"timm/test_resnet({SMALL}, weights={str(tmp_path / 'part.safetensors')!r})")
    assert "lacks" in str(caught.value)
    assert "weights of test_resnet, such as 'layer3.0.conv1.weight'" in str(caught.value)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be loaded into test_resnet"):
        get(f"timm/test_resnet(weights={str(tmp_path / 'broken.safetensors')!r})")


def test_nothing_is_downloaded_unless_the_program_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArgumentError) as caught:
        get("timm/test_resnet(pretrained=True)")
    assert str(caught.value) == (
        "test_resnet: pretrained=True downloads weights, which a name alone does not\n"
        "  Allow it: kplug.models.get(…, may_download=True). Or fetch model.safetensors of "
        "huggingface.co/timm/test_resnet.… elsewhere, and name it: weights='model.safetensors'."
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="weights of test_resnet from the hub cannot be loaded"):
        get("timm/test_resnet(pretrained='r160_in1k')", may_download=True)
    with pytest.raises(WeightsError, match="Invalid pretrained tag"):
        get("timm/test_resnet(pretrained='no_such_tag')", may_download=True)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("timm/resnt18", UnknownComponentError, "Did you mean 'resnet18'?"),
        (
            "timm/resnet18(num_clases=3)",
            ArgumentError,
            "resnet18 has no argument 'num_clases'. Did you mean 'num_classes'?\n  Known: block, layers, ",
        ),
        (
            "timm/test_resnet(num_classes='x')",
            ArgumentError,
            "timm cannot make test_resnet(num_classes='x'",
        ),
        ("timm/resnet18(3)", ArgumentError, "takes at most 0 arguments by position"),
        ("timm/resnet18(weights='no')", ArgumentValueError, "the path of a file that is there"),
        (
            "timm/resnet18(weights='no', pretrained=True)",
            ArgumentError,
            "both weights and pretrained",
        ),
        ("timm/resnet18(pretrained=3)", ArgumentValueError, "the tag of weights of timm"),
        ("timm/resnet18(checkpoint_path='x')", ArgumentError, "takes no 'checkpoint_path'"),
        ("timm/resnet18(pretrained_cfg={'file': 'x'})", ArgumentError, "takes no 'pretrained_cfg'"),
        (
            "timm/resnet18(input_shape=(3, 64, 64))",
            ArgumentValueError,
            "last in kplug: (64, 64, 3).",
        ),
        ("timm/resnet18(input_shape=(64, 64))", ArgumentValueError, "(height, width, channels)"),
    ],
)
def test_bad_input(text: str, error: type[KplugError], message: str) -> None:
    with pytest.raises(error) as caught:
        get(text)
    assert message in str(caught.value)


def test_pictures_with_the_channels_first_are_refused() -> None:
    model = get(f"timm/test_resnet({SMALL})")
    with pytest.raises(DataError, match=r"\(3, 32, 32\)"):
        model.predict(_draw(2, 3, 32, 32), verbose=0)


def _rewrite(path: Path, **changes: Any) -> None:
    """Change the configuration of the network in a file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"].update(changes)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"arguments": {"pretrained": True}}, ArgumentError, "takes no 'pretrained'"),
        (
            {"arguments": {"checkpoint_path": "/etc/passwd"}},
            ArgumentError,
            "takes no 'checkpoint_path'",
        ),
        ({"architecture": "hf-hub:evil/model"}, KplugError, "'kplug-timm/hf-hub:evil/model'"),
        ({"architecture": "../resnet18"}, KplugError, "'kplug-timm/../resnet18'"),
        ({"architecture": "test_resnet.r160_in1k"}, KplugError, "test_resnet.r160_in1k"),
        ({"architecture": "no_such_net"}, UnknownComponentError, "offers no model 'no_such_net'"),
    ],
    ids=str,
)
def test_a_file_names_an_architecture_and_nothing_else(
    changes: dict[str, Any], error: type[KplugError], message: str, tmp_path: Path
) -> None:
    get(f"timm/test_resnet({SMALL})").save(tmp_path / "model.keras")
    _rewrite(tmp_path / "model.keras", **changes)
    with pytest.raises(error) as caught:
        kplug.load_model(tmp_path / "model.keras")
    assert message in str(caught.value)


def test_a_file_whose_plugin_may_not_load_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(f"timm/test_resnet({SMALL})").save(tmp_path / "model.keras")
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-timm")
    kplug.reload()
    try:
        with pytest.raises(KplugError, match="'TimmNetwork' belongs to kplug-timm"):
            kplug.load_model(tmp_path / "model.keras")
    finally:
        monkeypatch.undo()
        kplug.reload()
