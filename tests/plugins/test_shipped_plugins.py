"""Shipped plugins set an example: public imports only, and wheels that are typed and declared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import importlib_metadata
import pytest

from kplug.registry import KINDS, REGISTRY
from kplug.registry.kinds import COMMAND
from kplug.registry.names import homes

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
DEPENDENCIES = {
    *(
        "PIL",
        "anyio",
        "dvclive",
        "cryptography",
        "docutils",
        "filelock",
        "fsspec",
        "h5py",
        "hypothesis",
        "importlib_metadata",
        "jinja2",
        "keras_applications",
        "keras_preprocessing",
        "kplug_authoring",
        "kplug_models",
        "joserfc",
        "kplug_numbers",
        "markdown_it",
        "markupsafe",
        "matplotlib",
        "mlflow",
        "monai",
        "msgspec",
        "nh3",
        "numpy",
        "optuna",
        "packaging",
        "pandas",
        "platformdirs",
        "pytest",
        "pytorch_optimizer",
        "requests",
        "resolvelib",
        "rich",
        "safetensors",
    ),
    *(
        "securesystemslib",
        "segmentation_models_pytorch",
        "sklearn",
        "starlette",
        "timm",
        "tomlkit",
        "torch",
        "torchmetrics",
        "torchvision",
        "tuf",
        "typer",
        "typing_extensions",
        "urllib3",
        "uvicorn",
        "yaml",
    ),
}

# They have no names of their own: each of their modules is public.
PACKAGES_OF_MODULES = {"components", "curves", "display", "support"}


def name_of(plugin: Path) -> str:
    return plugin.name


def list_imports(source: str) -> set[str]:
    """Return the dotted names of all modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def is_public(name: str) -> bool:
    """Whether a module of kplug is public; a module below a public one may move without notice."""
    package = name.partition(".")[0]
    depth = name.count(".")
    return not name.startswith("_") and depth <= (package in PACKAGES_OF_MODULES)


def test_both_plugins_are_here() -> None:
    assert {plugin.name for plugin in PLUGINS} >= {"kplug-penalties", "kplug-segmentation"}


@pytest.mark.parametrize("plugin", PLUGINS, ids=name_of)
def test_a_plugin_uses_public_names_and_its_dependencies_only(plugin: Path) -> None:
    own = plugin.name.replace("-", "_")
    for path in plugin.glob("src/**/*.py"):
        for module in list_imports(path.read_text("utf-8")):
            top, _, rest = module.partition(".")
            assert top in sys.stdlib_module_names | DEPENDENCIES | {"kplug", own}, (
                f"{path}: {module}"
            )
            assert top != "kplug" or is_public(rest), module


def test_kplug_knows_what_they_lend_and_their_commands() -> None:
    """Messages name a missing distribution, though its entry points cannot be read."""
    lent = importlib_metadata.entry_points(group="kplug.modules")
    assert {one.name: one.dist.name for one in lent} == homes.LENT
    offered = [*REGISTRY.index(COMMAND).components, *REGISTRY.index(KINDS["layer"]).components]
    shipped = {*homes.COMMANDS.values(), "kplug-preprocessing"}
    found = [one for one in offered if one.origin.distribution in shipped]
    owners = [homes.find_home(one.kind, one.name) for one in found]
    assert owners == [one.origin.distribution for one in found]
    assert {one.name for one in found} >= homes.COMMANDS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS, ids=name_of)
def test_the_wheel_is_typed_and_declares_its_components(plugin: Path, tmp_path: Path) -> None:
    # Without isolation: hatchling is a test dependency, and no network is needed.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(tmp_path)]
    subprocess.run([*command, str(plugin)], capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    package = plugin.name.replace("-", "_")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (declared,) = (name for name in names if name.endswith("entry_points.txt"))
        text = archive.read(declared).decode()
    assert f"{package}/py.typed" in names
    # A component in the static tier, the light module of the dynamic one, or a lent module.
    assert re.search(rf"^\w+ = {package}(:\w+|\.plugin|)$", text, re.MULTILINE)
    shipped = [name for name in names if not name.endswith(".template")]
    assert not [name for name in shipped if re.search(r"(^|/)(tests?/|test_)", name)]
