"""Imports load nothing heavy, bring every public name, and go in the allowed direction."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "numpy", "h5py", "pluggy", "rich", "typer")


def _run(code: str, *folders: Path, **environment: str) -> str:
    """Run code in a fresh process and return what it prints."""
    path = os.pathsep.join(map(str, (*folders, ROOT)))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("KPLUG_")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, "PYTHONPATH": path, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def _imported(code: str, *folders: Path) -> set[str]:
    """Return the top-level packages that code imports, beside those that Python starts with."""
    report = (
        "import sys; before = set(sys.modules)\n"
        f"{code}\n"
        "print('\\n'.join({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    return set(_run(report, *folders).splitlines())


def test_importing_kplug_imports_nothing_heavy() -> None:
    assert _imported("import kplug").isdisjoint(HEAVY)


def test_hooks_and_marks_import_no_torch() -> None:
    code = "from kplug import hookimpl, Component, factory, function, parse_spec, register, errors"
    assert _imported(code).isdisjoint({"torch", "numpy", "h5py", "rich"})


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin of both tiers; its components may not be imported."""
    info = tmp_path / "lazy_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lazy-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[kplug.losses]\npuddle = lazy_plugin_components:puddle\n"
        "[kplug]\nplugin = lazy_plugin_hooks\n"
    )
    (info / "RECORD").write_text("lazy_plugin_components.py,,\nlazy_plugin_hooks.py,,\n")
    (tmp_path / "lazy_plugin_components.py").write_text("raise AssertionError\n")
    (tmp_path / "lazy_plugin_hooks.py").write_text(
        "import kplug\n@kplug.hookimpl\ndef kplug_metrics():\n"
        "    return {'pond': 'lazy_plugin_components:pond'}\n"
    )
    return tmp_path


LIST_ALL = (
    "from kplug.registry import KINDS, REGISTRY\n"
    "found = {c.qualified_name for kind in KINDS.values() for c in REGISTRY.components(kind)}\n"
    "assert {'lazy-plugin/puddle', 'lazy-plugin/pond', 'kplug/adam', 'torch/adamw'} <= found\n"
    "REGISTRY.problems()"
)


def test_listing_every_kind_imports_no_torch_and_no_component(plugin: Path) -> None:
    imported = _imported(LIST_ALL, plugin)
    assert "lazy_plugin_hooks" in imported
    assert imported.isdisjoint({"torch", "numpy", "h5py", "lazy_plugin_components"})


def test_list_command_imports_no_torch_and_no_component(plugin: Path) -> None:
    code = (
        "import contextlib, io, sys\n"
        "from kplug.cli import main\n"
        "sys.argv = ['kplug', 'list', '--json']\n"
        "out = io.StringIO()\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(out): main()\n"
        "assert 'lazy-plugin/puddle' in out.getvalue()"
    )
    imported = _imported(code, plugin)
    assert imported.isdisjoint({"torch", "numpy", "h5py", "lazy_plugin_components"})


@pytest.mark.slow
def test_a_step_of_adam_does_not_import_torchs_compiler() -> None:
    code = """
import sys, torch, kplug
weights = torch.ones(2, requires_grad=True)
adam = kplug.optimizers.Adam()
adam.build([weights])
weights.grad = torch.ones(2)
adam.step()
print("torch._dynamo" in sys.modules)
"""
    assert _run(code) == "False\n"


@pytest.mark.slow
def test_a_training_of_dense_layers_and_its_file_do_not_import_torchs_compiler(
    tmp_path: Path,
) -> None:
    code = f"""
import sys, torch, kplug
layers = [kplug.layers.Dense(3, "relu", input_shape=(2,)), kplug.layers.Dense(1, "sigmoid")]
model = kplug.Sequential(layers)
model.compile("adam", "mse", metrics=["mae"])
model.fit(torch.ones(4, 2), torch.ones(4, 1), verbose=0)
model.save({str(tmp_path / "model.keras")!r})
kplug.load_model({str(tmp_path / "model.keras")!r}).fit(torch.ones(4, 2), torch.ones(4, 1), verbose=0)
print("torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    assert _run(code) == "False False\n"


@pytest.mark.slow
def test_importing_models_asks_no_plugin_and_needs_neither_files_nor_terminals(
    plugin: Path,
) -> None:
    imported = _imported("import kplug.models, kplug.utils", plugin)
    assert imported.isdisjoint({"lazy_plugin_hooks", "h5py", "rich", "typer"})


@pytest.mark.slow
def test_every_public_name_is_there() -> None:
    code = (
        "import kplug, json\n"
        "print(json.dumps([name for name in kplug.__all__ if getattr(kplug, name, None) is None]))"
    )
    assert json.loads(_run(code)) == []


def test_public_names_are_sorted_and_listed() -> None:
    import kplug

    assert kplug.__all__ == sorted(kplug.__all__)
    assert set(kplug.__all__) <= set(dir(kplug))


def test_unknown_public_name() -> None:
    import kplug

    with pytest.raises(AttributeError, match=r"^module 'kplug' has no attribute 'optimisers'$"):
        _ = kplug.optimisers


def test_import_contracts_hold() -> None:
    sources = sorted(ROOT.glob("plugins/*/src"))
    code = (
        "import sys; from importlinter.cli import lint_imports\n"
        "status = lint_imports(no_cache=True)\n"
        "sys.stdout.flush(); sys.stderr.write(f'status {status}'); raise SystemExit(status)"
    )
    path = os.pathsep.join(map(str, (*sources, ROOT)))
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_a_star_import_brings_no_optional_library() -> None:
    assert "sklearn" not in _imported("from kplug import *")
