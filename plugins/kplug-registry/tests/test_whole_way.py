"""End to end: this repository's wheels become a signed site, and a clean environment installs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kplug import __version__
from tests.virtual_environments import link_packages

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
ABSENT = "kplug_segmentation"
RESOLVE = "import kplug; print(kplug.resolve('loss', 'dice_loss(smooth=1, thresh=None)').component.origin)"


class Machine:
    """An environment that has what this one has, but for one plugin; and a project."""

    def __init__(self, folder: Path, maker: Sequence[str] = ("venv", "--without-pip")) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        subprocess.run([sys.executable, "-m", *maker, folder / "venv"], check=True)
        self.python = folder / "venv" / SCRIPTS / "python"
        self.environ = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
        paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        kept = [path for path in paths if ABSENT not in path.replace("-", "_")]
        self.environ["PYTHONPATH"] = os.pathsep.join(kept)
        base = folder / "base"
        link_packages(base, without=ABSENT)
        site = self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        Path(site.strip(), "base.pth").write_text(f"import site; site.addsitedir({str(base)!r})\n")

    def run(self, *words: str | Path, status: int | None = 0) -> str:
        done = subprocess.run(
            [str(word) for word in (self.python, *words)],
            cwd=self.project,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        output = done.stdout + done.stderr
        assert status in (None, done.returncode), output
        return output

    def kplug(self, *words: str | Path, status: int | None = 0) -> str:
        return self.run("-m", "kplug", *words, status=status)


def mend_changed_file(machine: Machine, package: str, *options: str) -> None:
    """Change a file of a plugin, and run the command that `kplug doctor` names, with more options."""
    place = f"import importlib.util; print(importlib.util.find_spec({package!r}).origin)"
    file = Path(machine.run("-c", place).strip())
    content = file.read_bytes()
    file.unlink()  # pip and uv may have linked it
    file.write_bytes(content + b"# changed\n")
    found = json.loads(machine.kplug("doctor", "--json", status=None))["findings"]
    name = package.replace("_", "-")
    (command,) = {each["command"] for each in found if each["about"] == name}
    assert command.startswith(f"kplug install {name}==")
    _, *words = shlex.split(command)
    machine.kplug(words[0], "--yes", *words[1:], *options)
    assert file.read_bytes() == content


@pytest.mark.slow
def test_a_plugin_is_built_signed_searched_installed_used_and_uninstalled(
    tmp_path: Path, plugin_wheels: Path
) -> None:
    machine = Machine(tmp_path)
    site, keys = tmp_path / "site", tmp_path / "keys"
    (wheel,) = plugin_wheels.glob("kplug_segmentation-*.whl")
    machine.kplug("index", "build", wheel, "--out", site)
    shown = machine.kplug("trust", "init", site, "--keys", keys)
    machine.kplug("trust", "sign", site, "--keys", keys)
    fingerprint = shown.split()[-1]
    (machine.project / "pyproject.toml").write_text(
        f'[tool.kplug.registries.ours]\npath = "{site}"\nroot = "{fingerprint}"\n'
    )

    assert "kplug install" not in machine.run("-c", RESOLVE, status=1)
    found = machine.kplug("search", "dice", "--kind", "loss")
    assert "loss dice_loss: " in found
    assert "kplug-segmentation, experimental, registry ours: kplug install" in found
    unknown = machine.run("-c", RESOLVE, status=1)
    assert "kplug-segmentation offers it: kplug install kplug-segmentation" in unknown

    published = site / "files" / wheel.name
    content = published.read_bytes()
    published.write_bytes(content + b"altered")
    install = ("install", "kplug-segmentation", "--yes", "--", "--no-index", "--no-deps")
    refused = machine.kplug(*install, status=2)
    assert "DO NOT MATCH THE HASHES" in refused
    published.write_bytes(content)
    shown = machine.kplug(*install)
    assert f"install kplug-segmentation {__version__} from the registry ours" in shown
    assert machine.run("-c", RESOLVE).strip() == f"kplug-segmentation {__version__}"
    assert machine.kplug("outdated") == "Everything is up to date.\n"
    mend_changed_file(machine, "kplug_segmentation", "--no-index")
    assert f"{site.as_uri()}/files/{wheel.name}" in machine.run(
        "-c",
        "from importlib.metadata import distribution as d;"
        "print(d('kplug-segmentation').read_text('direct_url.json'))",
    )

    machine.kplug("uninstall", "dice_loss", "--yes")
    machine.run("-c", RESOLVE, status=1)


@pytest.mark.slow
def test_an_environment_that_uv_made_without_pip_installs_and_uninstalls(
    tmp_path: Path, make_wheel: Callable[..., Path]
) -> None:
    machine = Machine(
        tmp_path, ("uv", "venv", "--quiet", "--no-project", "--python", sys.executable)
    )
    folders = (str(Path(sys.executable).parent), os.environ["PATH"])  # uv is beside this Python
    machine.environ["PATH"] = os.pathsep.join(folders)
    for pip in (tmp_path / "base").glob("pip*"):
        pip.unlink()
    assert "No module named pip" in machine.run("-m", "pip", "list", status=1)
    site = tmp_path / "site"
    machine.kplug("index", "build", make_wheel(), "--out", site)
    (machine.project / "pyproject.toml").write_text(
        f'[tool.kplug.registries.ours]\npath = "{site}"\ntrust = "unsigned"\n'
    )
    (wheel,) = (site / "files").glob("*.whl")
    content = wheel.read_bytes()
    other = make_wheel(code={"kplug_waves/__init__.py": "def wave_loss(): ..."})
    wheel.write_bytes(other.read_bytes())
    install = ("install", "wave_loss", "--yes", "--", "--offline", "--no-deps", "--no-cache")
    assert "Hash mismatch" in machine.kplug(*install, status=2)
    wheel.write_bytes(content)
    shown = machine.kplug(*install)
    assert f"uv pip install --python {machine.python} --offline" in shown
    assert machine.run("-c", "import kplug_waves; print(kplug_waves.__name__)") == "kplug_waves\n"
    mend_changed_file(machine, "kplug_waves", "--offline", "--no-cache")
    machine.kplug("uninstall", "kplug-waves", "--yes")
    machine.run("-c", "import kplug_waves", status=1)
