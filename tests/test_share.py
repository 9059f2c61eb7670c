"""README's lines under "Share it", as printed, and an environment that installed from the registry."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from kplug import __version__
from tests.virtual_environments import ROOT, copy_repository, link_packages


@dataclass
class Shared:
    """A copy of the repository in which the lines were run, and what they printed."""

    copy: Path
    environ: dict[str, str]
    output: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Run README's lines; pip needs no network, as it finds here what it would download."""
    folder = tmp_path_factory.mktemp("share")
    copy, base = folder / "kplug", folder / "base"
    copy_repository(copy)
    (copy / ".venv").symlink_to(sys.prefix)
    link_packages(base, without="kplug")
    building, using = read_blocks()
    found_by_pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    found_by_pip["PIP_NO_WARN_CONFLICTS"] = "0"  # it would read the metadata of all that is linked
    environ = {**os.environ, **found_by_pip, "XDG_DATA_HOME": str(folder / "data")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    run_lines(building, copy, environ)
    environ["PYTHONPATH"] = str(base)
    return Shared(copy, environ, run_lines(using, copy, environ))


def read_blocks() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition("\n## Share it\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def run_lines(lines: str, folder: Path, environ: dict[str, str]) -> str:
    """Run lines in a shell, on a port that is free; end what they leave running."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        lines = lines.replace("8000", str(probe.getsockname()[1]))
    log = folder / "build/share.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("a") as stream:
        shell = subprocess.Popen(
            ["bash", "-euxo", "pipefail", "-c", f"trap 'kill 0' ERR\n{lines}"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = shell.wait(timeout=600)
    output = log.read_text("utf-8")
    assert status == 0, output
    return output


@pytest.mark.slow
def test_a_plugin_is_found_installed_and_trained_with(shared: Shared) -> None:
    found = "kplug-segmentation, experimental, registry local: kplug install kplug-segmentation"
    assert found in shared.output
    assert (
        f"install kplug-segmentation {__version__} from the registry local (http://127"
        in shared.output
    )
    assert "Epoch 3/3" in shared.output
    assert re.search(r"loss +kplug-segmentation/dice_loss\(smooth=1e-05", shared.output)


@pytest.mark.slow
def test_what_is_installed_from_the_registry_is_what_its_catalogue_counts(shared: Shared) -> None:
    registry, elsewhere = shared.copy / "build/registry", shared.copy / "build/elsewhere"
    (elsewhere / "pyproject.toml").write_text(
        '[tool.kplug.registries.local]\npath = "../registry"\nroot = "../registry/metadata/root.json"\n'
    )
    names = [path.stem for path in registry.glob("distributions/*.json")]
    assert set(names) == {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")}
    run_lines(f".venv/bin/kplug install --yes {' '.join(names)}", elsewhere, shared.environ)
    command = [str(elsewhere / ".venv/bin/kplug"), "list", "--count", "--json"]
    done = subprocess.run(
        command, cwd=elsewhere, env=shared.environ, capture_output=True, text=True, check=True
    )
    installed: Counter[str] = Counter()
    for origin, counts in json.loads(done.stdout)["counts"].items():
        if origin.split()[0] in names:
            installed.update(counts)
    shown = re.findall(r">(\d+) (\w+)</option>", (registry / "index.html").read_text("utf-8"))
    assert {kind: int(number) for number, kind in shown} == dict(installed)
    assert installed["losses"] > 30
