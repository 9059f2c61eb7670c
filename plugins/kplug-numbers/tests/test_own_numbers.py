"""Readings of all that this repository offers: each component has one, or a reason."""

from __future__ import annotations

import importlib
import tarfile
import time
from pathlib import Path

import pytest
from kplug_numbers.checking import list_keys, make_all
from kplug_numbers.numbers_file import NumbersFile, read_wheel
from kplug_numbers.plugin import READ
from kplug_numbers.reading import MOST_BYTES

from kplug import parse_spec
from kplug.inspection import KINDS, list_components
from tests.contract.examples import list_example_specs, list_own_distributions

ROOT = Path(__file__).resolve().parents[3]
DISTRIBUTIONS = (
    *("kplug", "kplug-keras2", "kplug-keras3", "kplug-monai", "kplug-penalties"),
    *("kplug-preprocessing", "kplug-pytorch-optimizer", "kplug-segmentation"),
    *("kplug-segmentation-models", "kplug-timm", "kplug-torchmetrics", "kplug-torchvision"),
)


@pytest.mark.slow
def test_all_distributions_with_components_are_recorded() -> None:
    assert tuple(list_own_distributions()) == DISTRIBUTIONS


@pytest.mark.slow
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_each_component_has_a_reading_or_a_reason(
    distribution: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = list_keys(distribution, NumbersFile(), list_example_specs(distribution))
    began = time.process_time()
    found = make_all(keys, lambda key: None)
    seconds = time.process_time() - began
    with capsys.disabled():
        print(f"\n{distribution}: {len(found.readings)} readings in {seconds:.1f} s")  # noqa: T201
        print(*(f"  {key}: {why}" for key, why in found.unread.items()), sep="\n")  # noqa: T201
    offered = {
        (kind, one.qualified_name)
        for kind in READ
        for one in list_components(KINDS[kind])
        if one.origin.distribution == distribution
    }
    assert offered <= {(kind, parse_spec(spec).ref) for kind, spec in found.keys}
    sizes = (len(one.to_json()) for one in found.readings.values())
    assert max(sizes, default=0) <= MOST_BYTES
    text = found.to_json()
    assert NumbersFile.from_json(text.encode(), distribution).to_json() == text
    unmade = {key for key, why in found.unread.items() if "it cannot be made" in why}
    assert unmade <= {("layer", "kplug/Functional")}  # symbolic tensors are no text


@pytest.mark.slow
def test_the_distributions_that_are_built_carry_what_their_components_compute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    distributions = importlib.import_module("distributions")
    folder = ROOT / "plugins" / "kplug-segmentation"
    distributions.build("kplug-segmentation", folder, tmp_path, NumbersFile())
    (wheel,), (archive,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    assert len(read_wheel(wheel).readings) >= 6
    with tarfile.open(archive) as file:
        assert any(name.endswith("/kplug_segmentation/numbers.json") for name in file.getnames())
        assert any(name.endswith("/LICENSE") for name in file.getnames())
    assert not list(folder.rglob("numbers.json"))
