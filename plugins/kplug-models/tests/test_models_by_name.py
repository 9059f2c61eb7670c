"""Models by name: who is meant, what is refused, and what a file says of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kplug_applications import MobileNet
from kplug_models.getting import get
from kplug_models.network import Network, make_model

import kplug
from kplug import Model
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    ContractError,
    KplugError,
    NotInstalledError,
    UnknownComponentError,
)
from kplug.inspection import KINDS

SMALL = "input_shape=(32, 32, 3), alpha=0.25, classes=4"
PICTURES = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")


class Filters(Network):
    """One convolution."""

    library = "Acme"

    def make_network(self) -> torch.nn.Module:
        return torch.nn.Conv2d(3, 2, **self.arguments)


def test_the_kind_is_a_plugins() -> None:
    kind = KINDS["model"]
    assert (kind.plural, kind.origin.distribution) == ("models", "kplug-models")
    assert getattr(kplug.models, "get") is get  # noqa: B009 - types do not see what is lent


@pytest.mark.sampled
@pytest.mark.parametrize(
    "name", ["mobile_net", "MobileNet", "applications/MobileNet", "kplug-applications/mobilenet"]
)
def test_our_own_architectures_have_names(name: str) -> None:
    found = get(f"{name}({SMALL})")
    made = MobileNet(input_shape=(32, 32, 3), alpha=0.25, classes=4, weights=None)
    assert [type(one) for one in found.layers] == [type(one) for one in made.layers]
    made.set_weights(found.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(found.predict(x, verbose=0), made.predict(x, verbose=0))


def test_a_model_stands_for_itself_and_the_users_code_offers_models() -> None:
    model = kplug.Sequential([kplug.Input((3,)), kplug.layers.Dense(2)])
    assert get(model) is model
    with kplug.scope(models={"mine": kplug.factory(lambda: model)}):
        assert get("mine") is model


@pytest.mark.parametrize(
    ("identifier", "error", "text"),
    [
        ("mobile_nett", UnknownComponentError, "no model is named 'mobile_nett'\n  Did you mean"),
        (
            "applications/mobile_nett",
            UnknownComponentError,
            "offers no model 'mobile_nett'\n  Did you mean",
        ),
        ("acme/net", NotInstalledError, "said to belong to 'acme', which is not installed"),
        (
            "mobile_net(classses=3)",
            ArgumentError,
            "MobileNet has no argument 'classses'. Did you mean 'classes'?",
        ),
        ("mobile_net(input_tensor=3)", ArgumentError, "has no argument 'input_tensor'"),
        (
            "mobile_net(weights='nowhere.h5')",
            ArgumentValueError,
            "argument 'weights' is 'nowhere.h5'",
        ),
        (torch.nn.Linear(2, 3), ContractError, "a model must be a kplug.Model, got Linear"),
        (3, ContractError, "a model must be a kplug.Model, got int"),
    ],
    ids=str,
)
def test_what_is_no_model_is_refused(
    identifier: object, error: type[KplugError], text: str
) -> None:
    with pytest.raises(error) as caught:
        get(identifier)
    assert text in str(caught.value)


def test_a_name_downloads_nothing_unless_the_program_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("kplug_applications.base.architecture._ORIGIN", "http://127.0.0.1:9/")
    name = "mobile_net(weights='imagenet', include_top=False)"
    with pytest.raises(ArgumentError) as caught:
        get(name)
    assert str(caught.value) == (
        "MobileNet: weights='imagenet' downloads weights, which a name alone does not\n"
        "  Allow it: kplug.models.get(…, may_download=True). Or give the path of a file of Keras's "
        "weights, or call kplug.applications.MobileNet."
    )
    with pytest.raises(KplugError, match="copy the file to"):  # it tried
        get(name, may_download=True)
    with pytest.raises(ArgumentError, match="downloads weights"):  # and that is over
        get(name)


def test_a_network_is_saved_by_its_name_and_arguments(tmp_path: Path) -> None:
    with kplug.scope(layers={"Filters": Filters}):
        layer = Filters("conv", {"kernel_size": [3, 3], "padding": 1}, name="filters")
        model = make_model(layer, (8, 8, 3))
        assert (model.name, model.output_shape) == ("filters", (None, 8, 8, 2))
        model.compile(optimizer="sgd", loss="mse")
        model.fit(PICTURES, np.zeros((2, 8, 8, 2)), verbose=0)
        model.save(tmp_path / "model.keras")
        again = kplug.load_model(tmp_path / "model.keras")
    assert again.layers[-1].get_config()["arguments"] == {"kernel_size": [3, 3], "padding": 1}
    found = again.predict(PICTURES, verbose=0)
    np.testing.assert_array_equal(found, model.predict(PICTURES, verbose=0))
    theirs = layer.network(torch.from_numpy(PICTURES).movedim(-1, 1)).movedim(1, -1)
    np.testing.assert_allclose(found, theirs.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"weights": "/etc/passwd"}, ArgumentError, "Filters takes no 'weights' in its arguments"),
        ({"pretrained_cfg": {}}, ArgumentError, "takes no 'pretrained_cfg' in its arguments"),
        ({"kernel": 3}, ArgumentError, "Acme cannot make conv(kernel=3): TypeError: "),
        ([1], ArgumentValueError, "allowed: None or a dict of arguments by name"),
    ],
    ids=str,
)
def test_what_no_layer_takes_is_refused(arguments: Any, error: type[KplugError], text: str) -> None:
    with pytest.raises(error) as caught:
        Filters("conv", arguments)
    assert text in str(caught.value)
    with pytest.raises(ArgumentValueError, match="the name of an architecture"):
        Filters(3)  # type: ignore[arg-type]


def test_several_outputs_have_their_channels_last() -> None:
    class Three(Network):
        def make_network(self) -> torch.nn.Module:
            class Module(torch.nn.Module):
                def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
                    return [x, x[:, :2], x.mean((2, 3))]

            return Module()

    model = make_model(Three("three"), (6, 5, 3))
    assert model.output_shape == [(None, 6, 5, 3), (None, 6, 5, 2), (None, 3)]
    x = PICTURES[:, :6, :5]
    first, second, third = model.predict(x, verbose=0)
    np.testing.assert_array_equal(first, x)
    np.testing.assert_array_equal(second, x[..., :2])
    np.testing.assert_allclose(third, x.mean((1, 2)), rtol=1e-5, atol=1e-6)


def test_the_missing_distribution_of_a_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-applications")
    kplug.reload()
    try:
        with pytest.raises(KplugError, match="belongs to kplug-applications"):
            get("applications/ResNet50")
    finally:
        monkeypatch.undo()
        kplug.reload()


def test_what_is_lent_is_a_model() -> None:
    assert isinstance(get(f"mobile_net({SMALL})"), Model)
