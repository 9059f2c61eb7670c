"""Files of weights: what is read, and what a network is given of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from kplug_models.weights import fill, read_weights
from safetensors.torch import save_file
from torch import nn

from kplug.errors import WeightsError


def _make(classes: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, classes))


def _draw() -> dict[str, torch.Tensor]:
    return {name: torch.rand(one.shape) for name, one in _make().state_dict().items() if one.ndim}


@pytest.mark.parametrize(("name", "save"), [("w.pt", torch.save), ("w.safetensors", save_file)])
def test_a_file_is_read(name: str, save: Any, tmp_path: Path) -> None:
    weights = _draw()
    save(weights, tmp_path / name)
    found = read_weights(tmp_path / name, "net")
    torch.testing.assert_close(found, weights, rtol=0, atol=0)


class _Evil:
    def __reduce__(self) -> Any:
        return (print, ("run",))


@pytest.mark.parametrize("content", [_Evil(), [1, 2], {"a": "text"}], ids=["code", "list", "texts"])
def test_what_is_no_file_of_weights_is_refused(
    content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"w\.pt' cannot be loaded into net: "):
        read_weights(tmp_path / "w.pt", "net")
    assert capsys.readouterr().out == ""


def test_a_network_gets_all_but_heads_of_another_shape() -> None:
    weights = _draw()
    same, other = _make(), _make(classes=5)
    drawn = {name: one.clone() for name, one in other.state_dict().items()}
    heads = {"2.weight", "2.bias"}
    for network in (same, other):
        fill(network, weights, "net", source="the file", heads=heads)
    for name, weight in weights.items():
        torch.testing.assert_close(same.state_dict()[name], weight, rtol=0, atol=0)
        expected = drawn[name] if name in heads else weight
        torch.testing.assert_close(other.state_dict()[name], expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"2.bias": None}, "the file lacks 1 weights of net, such as '2.bias'"),
        ({"3.bias": torch.ones(1)}, "the file has 1 that net lacks, such as '3.bias'"),
        ({"2.bias": torch.ones(1)}, r"has '2.bias' of shape \(1,\), net has it of shape \(2,\)"),
    ],
    ids=["missing", "more", "shape"],
)
def test_what_does_not_fit_changes_nothing(changes: dict[str, Any], text: str) -> None:
    weights = {name: one for name, one in {**_draw(), **changes}.items() if one is not None}
    network = _make()
    before = {name: one.clone() for name, one in network.state_dict().items()}
    with pytest.raises(WeightsError, match=text):
        fill(network, weights, "net", source="the file")
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
