"""Every block in the documents runs, and prints what the block after it shows.

A ``python`` block runs in the namespace of its file's earlier blocks. A ``sh`` block of ``kplug …``
lines runs the command line. A ``text`` block is the output of the block before it, where ``...`` stands
for what differs from run to run. A ``toml`` block must parse. Lines that make environments and install
are run by `test_install.py` and by the CI script.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from kplug.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
# Pages that `kplug docs` wrote are no part of the project.
WRITTEN = {*ROOT.glob("docs/components/**/*.md")} - {ROOT / "docs/components/README.md"}
# `test_tutorials.py` runs these, each in an environment of its own.
TUTORIALS = sorted(ROOT.glob("docs/tutorials/*.md"))
# It makes kplug the process's Keras; the plugin's tests run it in a process of its own.
BINDING = ROOT / "plugins/kplug-keras2/README.md"
DOCUMENTS = sorted(
    {ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")}
    - {*WRITTEN, *TUTORIALS, BINDING}
)
# Other libraries, which take long to import; Keras warns of NumPy.
MIGRATION = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning"),
]
# Pages and folders of pages whose blocks compile many steps, check plugins, train for long, or import large
# libraries.
LONG = {
    "callback.md",
    "components",
    "config-files.md",
    "export.md",
    "files.md",
    "guide.md",
    "inspecting.md",
    "kplug-segmentation-models",
    "kplug-sklearn",
    "kplug-torchvision",
    "layer.md",
    "loggers.md",
    "optimizer.md",
    "performance.md",
}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks_of(document: Path) -> list[Block]:
    text = document.read_text()
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def run_python(block: Block, document: Path, namespace: dict[str, Any]) -> str:
    # Padding puts the block's own line numbers into tracebacks.
    source = "\n" * block.line + block.text
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, str(document), "exec"), namespace)
    return output.getvalue()


def run_shell(block: Block) -> str:
    output = []
    for line in block.text.splitlines():
        command = shlex.split(line, comments=True)
        if not command or command[0] != "kplug" or command[1] == "demo":
            continue
        result = CliRunner().invoke(app, command[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"
        output.append(result.output)
    return "".join(output)


@pytest.fixture(autouse=True)
def _tidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder, on a terminal of the usual width, from fresh names and seeds."""
    import torch

    from kplug import backend

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("DO_NOT_TRACK", "1")  # MLflow sends its makers what is used
    backend.clear_session()
    torch.manual_seed(0)
    yield
    backend.clear_session()


def _as_case(document: Path) -> Any:
    marks = MIGRATION if document.parent.name == "migration" else []
    if {document.name, document.parent.name} & LONG:
        marks = [pytest.mark.slow]
    if document.name == "loggers.md":  # MLflow warns of its own code, and calls what is deprecated
        ignored = ("ignore::DeprecationWarning", "ignore:.*Any type hint:UserWarning")
        marks = [pytest.mark.slow, pytest.mark.filterwarnings(*ignored)]
    return pytest.param(document, id=str(document.relative_to(ROOT)), marks=marks)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make a module of its own, so that what a block defines has a home that can be found and pickled."""
    module = ModuleType("__document__")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize("document", [_as_case(path) for path in DOCUMENTS])
def test_every_block_runs_and_prints_what_is_shown(document: Path, module: ModuleType) -> None:
    namespace = vars(module)
    output = ""
    for block in blocks_of(document):
        if block.language == "python":
            output = run_python(block, document, namespace)
        elif block.language == "sh":
            output = run_shell(block)
        elif block.language == "toml":
            _parse_toml(block.text)
        elif block.language == "text":
            matches = doctest.OutputChecker().check_output(block.text, output, FLAGS)
            assert matches, f"{document.name}:{block.line} shows\n{block.text}\nbut got\n{output}"


def _parse_toml(text: str) -> None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    tomllib.loads(text)
