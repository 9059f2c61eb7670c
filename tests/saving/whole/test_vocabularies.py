"""Vocabularies that stand beside the configuration, where Keras writes those of adapted layers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from kplug_preprocessing.layers import IntegerLookup

import kplug
from kplug.errors import WeightsError

X = torch.tensor([[12, 5], [36, 12]])


def _move_vocabularies(source: Path, target: Path, texts: dict[str, bytes]) -> None:
    """Copy an archive without the vocabularies of its configuration, and with other members."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(_without_vocabularies(json.loads(content))).encode()
            new.writestr(name, content)
        for name, content in texts.items():
            new.writestr(name, content)


def _without_vocabularies(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: None if key == "vocabulary" else _without_vocabularies(part)
            for key, part in value.items()
        }
    return [_without_vocabularies(part) for part in value] if isinstance(value, list) else value


def _save(folder: Path) -> Any:
    """Save a model with three lookup layers, one of them in a model of its own."""
    inputs = kplug.Input((2,), dtype="int64")
    first, second = (IntegerLookup(vocabulary=tokens) for tokens in ([12, 36], [36]))
    inner = kplug.Sequential(
        [kplug.Input((2,), dtype="int64"), IntegerLookup(vocabulary=[5], mask_token=0)]
    )
    model = kplug.Model(inputs, [first(inputs), second(inputs), inner(inputs)])
    model.save(folder / "whole.keras")
    return model


NAMES = (
    "assets/layers/integer_lookup/vocabulary.txt",
    "assets/layers/integer_lookup_1/vocabulary.txt",
    "assets/layers/sequential/layers/integer_lookup/vocabulary.txt",
)


def test_they_reach_their_layers(tmp_path: Path) -> None:
    model = _save(tmp_path)
    texts = dict(zip(NAMES, (b"-1\n12\n36", b"-1\n36\n", b"0\n-1\n5"), strict=True))
    _move_vocabularies(tmp_path / "whole.keras", tmp_path / "moved.keras", texts)
    again = kplug.load_model(tmp_path / "moved.keras")
    for one, other in zip(again(X), model(X), strict=True):
        assert torch.equal(one, other)
    lookup: Any = next(one for one in again.modules() if isinstance(one, IntegerLookup))
    lookup.adapt([1, 2])  # as it could be before it was saved
    assert lookup.vocabulary_size() == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"1\nx",
            r"'assets/layers/integer_lookup/vocabulary.txt' holds no vocabulary of int tokens",
        ),
        (b"\xff", r"holds no vocabulary of int tokens: .*decode"),
    ],
)
def test_wrong_ones_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    _save(tmp_path)
    _move_vocabularies(tmp_path / "whole.keras", tmp_path / "moved.keras", {NAMES[0]: content})
    with pytest.raises(WeightsError, match=message):
        kplug.load_model(tmp_path / "moved.keras")


def test_a_path_in_a_configuration_is_refused(tmp_path: Path) -> None:
    _save(tmp_path)
    with zipfile.ZipFile(tmp_path / "whole.keras") as old:
        members = {name: old.read(name) for name in old.namelist()}
    config = members["config.json"].decode()
    assert "[-1, 12, 36]" in config
    members["config.json"] = config.replace("[-1, 12, 36]", '"/etc/hostname"').encode()
    with zipfile.ZipFile(tmp_path / "evil.keras", "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    with pytest.raises(kplug.errors.KplugError, match="files are not read because a configuration"):
        kplug.load_model(tmp_path / "evil.keras")
