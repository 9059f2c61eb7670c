"""The table against the installed library, import costs, and bare names."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import importlib_metadata
import pytest
import pytorch_optimizer
import torch
from kplug_pytorch_optimizer.adapted import LEFT_OUT, QUALIFIED_ONLY, UNDECLARED
from kplug_pytorch_optimizer.table import OPTIMIZERS, VERSION

import kplug
from kplug.errors import UnknownComponentError
from kplug.registry import REGISTRY, get_kind
from kplug.registry.lookup_keys import keys_of


def load_make_table() -> ModuleType:
    path = Path(__file__).with_name("make_table.py")
    spec = importlib.util.spec_from_file_location("make_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_class_of_the_table_is_there() -> None:
    missing = [name for name in OPTIMIZERS if not hasattr(pytorch_optimizer, name)]
    assert not missing


def test_the_table_is_that_of_its_version() -> None:
    if importlib_metadata.version("pytorch-optimizer") == VERSION:
        found = load_make_table()
        assert found.TABLE.read_text(encoding="utf-8") == found.render()


def test_every_optimizer_of_the_version_is_offered_or_left_out_with_a_reason() -> None:
    own = {
        name
        for name, member in vars(pytorch_optimizer).items()
        if inspect.isclass(member)
        and issubclass(member, torch.optim.Optimizer)
        and member.__module__.startswith("pytorch_optimizer.")
    }
    if importlib_metadata.version("pytorch-optimizer") == VERSION:
        assert own == OPTIMIZERS.keys() | LEFT_OUT.keys()


@pytest.mark.slow
@pytest.mark.parametrize("argument", UNDECLARED)
def test_arguments_that_no_signature_shows_are_those_that_the_library_reads(argument: str) -> None:
    default, owners = UNDECLARED[argument]
    parameters = [torch.nn.Parameter(torch.zeros(2, 2))]
    needed = {"Ranger21": {"num_iterations": 10}}
    readers = set()
    for name in OPTIMIZERS:
        target = getattr(pytorch_optimizer, name)
        source = inspect.getsource(target)
        if f"group.get('{argument}'" in source or f"'{argument}': kwargs.get(" in source:
            group = target(parameters, **{argument: default}, **needed.get(name, {})).param_groups[
                0
            ]
            if argument in group:
                readers.add(name)
    assert readers == owners
    for name in owners:
        made = kplug.resolve(
            "optimizer", {"name": f"kplug-pytorch-optimizer/{name}", "args": needed.get(name, {})}
        )
        assert argument in inspect.signature(made.source).parameters


@pytest.mark.parametrize("kind", ["optimizer", "schedule", "loss"])
def test_names_of_built_ins_are_left_to_them(kind: str) -> None:
    components = REGISTRY.components(get_kind(kind))
    built_in = {key for one in components if one.origin.is_built_in for key in keys_of(one)}
    own = [c for c in components if c.origin.distribution == "kplug-pytorch-optimizer"]
    assert own
    for component in own:
        assert component.is_qualified_only == (component.name in QUALIFIED_ONLY)
        assert component.is_qualified_only or built_in.isdisjoint(keys_of(component))


def test_listing_imports_neither_torch_nor_the_library() -> None:
    code = (
        "import sys; from kplug.registry import REGISTRY, get_kind;"
        "names = {c.qualified_name for c in REGISTRY.components(get_kind('optimizer'))};"
        "print('kplug-pytorch-optimizer/lion' in names, 'torch' in sys.modules,"
        " 'pytorch_optimizer' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_a_misspelt_argument_is_named() -> None:
    with pytest.raises(kplug.KplugError, match="Did you mean 'weight_decay'"):
        kplug.resolve("optimizer", "adabelief(weight_decy=0.1)")


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_says_why(name: str) -> None:
    with pytest.raises(UnknownComponentError) as caught:
        kplug.resolve("optimizer", f"kplug-pytorch-optimizer/{name.lower()}")
    assert f"leaves it out: {LEFT_OUT[name]}." in str(caught.value)
