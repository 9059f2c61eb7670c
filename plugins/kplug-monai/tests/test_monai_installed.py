"""The table against the installed MONAI, import costs, and bare names."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import importlib_metadata
import monai.losses
import monai.metrics
import pytest
from kplug_monai import losses, metrics
from kplug_monai.table import LEFT_OUT, LOSSES, METRICS, QUALIFIED_ONLY, VERSION

import kplug
from kplug.registry import REGISTRY, get_kind
from kplug.registry.lookup_keys import keys_of

NAME = "kplug-monai"


def list_classes(module: Any) -> set[str]:
    found = vars(module).items()
    return {name for name, member in found if inspect.isclass(member) and name[0].isupper()}


def test_every_class_of_the_version_is_offered_or_left_out_with_a_reason() -> None:
    if importlib_metadata.version("monai") == VERSION:
        own = list_classes(monai.losses) | list_classes(monai.metrics)
        assert own == LOSSES.keys() | METRICS.keys() | LEFT_OUT.keys()
    assert LEFT_OUT.keys().isdisjoint(LOSSES.keys() | METRICS.keys())


@pytest.mark.parametrize("kind", ["loss", "metric"])
def test_no_bare_name_is_taken_from_another(kind: str) -> None:
    components = REGISTRY.components(get_kind(kind))
    others = {key for one in components if one.origin.distribution != NAME for key in keys_of(one)}
    own = [one for one in components if one.origin.distribution == NAME]
    assert own
    for component in own:
        assert component.is_qualified_only == (component.name in QUALIFIED_ONLY)
        assert component.is_qualified_only or others.isdisjoint(keys_of(component))


def test_a_loss_that_the_installed_monai_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(monai.losses, "MCCLoss")
    monkeypatch.delattr(monai.metrics, "MAEMetric")
    for module, name in ((losses, "MCCLoss"), (metrics, "MAEMetric")):
        monkeypatch.delitem(vars(module), name, raising=False)
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)


def test_listing_imports_neither_torch_nor_monai() -> None:
    code = (
        "import sys; from kplug.registry import REGISTRY, get_kind;"
        "names = {c.qualified_name for c in REGISTRY.components(get_kind('metric'))};"
        "print('kplug-monai/dice_metric' in names, 'torch' in sys.modules, 'monai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_the_bare_name_of_a_common_loss_is_left_to_others() -> None:
    assert kplug.resolve("metric", "mean_iou(num_classes=3)").component.origin.is_built_in
    own = kplug.resolve("metric", "kplug-monai/mean_iou")
    assert own.component.origin.distribution == NAME
