"""The table against the installed timm, import costs, and bare names."""

from __future__ import annotations

import subprocess
import sys

import importlib_metadata
import timm
from kplug_timm import models
from kplug_timm.table import NAMES, QUALIFIED_ONLY, VERSION

from kplug.inspection import KINDS, keys_of, list_components

NAME = "kplug-timm"


def test_every_model_of_the_version_is_offered() -> None:
    if importlib_metadata.version("timm") == VERSION:
        assert {*NAMES} == {*timm.list_models()}
    assert len({*NAMES}) == len(NAMES)
    own = [one for one in list_components(KINDS["model"]) if one.origin.distribution == NAME]
    assert {one.name for one in own} == {*NAMES}
    assert models.resnet18 is models.resnet18
    assert not hasattr(models, "no_such_net")


def test_no_bare_name_is_taken_from_another() -> None:
    components = list_components(KINDS["model"])
    others = {
        key
        for one in components
        if one.origin.distribution != NAME and not one.is_qualified_only
        for key in keys_of(one)
    }
    for component in components:
        if component.origin.distribution == NAME:
            assert component.is_qualified_only == (component.name in QUALIFIED_ONLY)
            assert component.is_qualified_only == bool(others & {*keys_of(component)})


def test_listing_imports_neither_torch_nor_timm() -> None:
    code = (
        "import sys; from kplug.inspection import KINDS, list_components;"
        "names = {c.qualified_name for c in list_components(KINDS['model'])};"
        "print('kplug-timm/resnet18' in names, 'torch' in sys.modules, 'timm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
