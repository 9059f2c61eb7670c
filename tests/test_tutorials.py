"""Every tutorial works as printed, from its first line to its last, where only kplug is installed.

The blocks of a page run in one shell, in order. A ``python`` or ``toml`` block begins with a comment that is
the path of a file, and is written there. A ``text`` block is the output of the ``sh`` block before it, where
``...`` stands for what differs from run to run; a block without one has to end with status 0.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from itertools import pairwise
from pathlib import Path

import pytest

from tests.test_docs import FLAGS, ROOT, TUTORIALS, Block, blocks_of

END = "@@ end of block"
FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")
KPLUG = re.compile(r"kplug-\d.*\.dist-info")
PLUGIN = re.compile(r"_?(editable_impl_)?kplug[-_][a-z]")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Make an environment with kplug, what it needs and the tools of an author, and without plugins."""
    venv.create(tmp_path / ".venv", symlinks=sys.platform != "win32")  # pip is linked, too
    (site,) = (tmp_path / ".venv").rglob("site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if KPLUG.match(entry.name):  # which may be a working copy, whose commit moves on
            shutil.copytree(
                entry, site / entry.name, ignore=shutil.ignore_patterns("direct_url.json")
            )
        elif not PLUGIN.match(entry.name):
            (site / entry.name).symlink_to(entry)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KPLUG")}
    scripts = tmp_path / ".venv" / "bin"
    for name, module in (("kplug", "kplug.cli"), ("pip", "pip._internal.cli.main")):
        (scripts / name).write_text(f"#!{scripts / 'python'}\nfrom {module} import main\nmain()\n")
        (scripts / name).chmod(0o755)
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "PIP_NO_INDEX": "1",  # what a tutorial installs lies in a folder, and its tools are here
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_WARN_CONFLICTS": "0",  # it would read the metadata of all that is linked, for 4 s
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: str(path.stem))
def test_a_tutorial_works_as_printed(
    tutorial: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    blocks = blocks_of(tutorial)
    (tmp_path / "plugins").symlink_to(ROOT / "plugins")
    script = "".join(_write(block) for block in blocks if block.language != "text")
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    outputs = iter(re.split(rf"{END} (\d+)\n", result.stdout))
    for block, follower in pairwise([*blocks, Block("", "", 0)]):
        if block.language in ("sh", "python", "toml"):
            output, status = next(outputs), next(outputs)
            where = f"{tutorial.name}:{block.line}"
            if follower.language != "text":
                assert status == "0", f"{where} ends with status {status}\n{output}"
            else:
                matches = doctest.OutputChecker().check_output(follower.text, output, FLAGS)
                assert matches, f"{where} should print\n{follower.text}\nbut printed\n{output}"


def _write(block: Block) -> str:
    """Return the lines of shell for a block, and a mark of its end."""
    text = block.text
    if block.language in ("python", "toml"):
        path = FILE.match(text)
        assert path, f"the block in line {block.line} does not begin with the path of a file"
        text = f"printf %s {shlex.quote(text)} > {path[1]}\n"
    return f"{text}echo '{END}' $?\n" if block.language else ""
