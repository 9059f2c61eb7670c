"""Shell completion, asked as the scripts of bash, zsh and fish ask."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

LOUD = """
print("loud")
from kplug import hookimpl
@hookimpl
def kplug_losses():
    print("louder")
    return {"din": "noise:din"}
"""


@pytest.fixture(autouse=True)
def plugins(install: Sandbox) -> Sandbox:
    """Two plugins that offer one name, one that prints, and one that cannot be imported."""
    for name in ("a-plugin", "b-plugin"):
        install(name, entry_points={"kplug.losses": {"dune": "m:dune"}})
    hooks = {"kplug": {"hooks": "noise_hooks"}}
    install("noise", entry_points=hooks, modules={"noise_hooks.py": LOUD})
    install("broken", entry_points={"kplug": {"hooks": "no_such_module"}})
    return install


def _ask(environment: dict[str, str]) -> str:
    kplug.reload()
    result = CliRunner().invoke(app, prog_name="kplug", env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def complete(line: str) -> list[str]:
    """Return the completions that bash gets for the last word of a line."""
    words = line.split(" ")
    text = _ask(
        {
            "_KPLUG_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
    )
    return text.split()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kplug sh", ["show"]),
        ("kplug why losse", ["losses"]),
        ("kplug why hube", ["huber", "huber_loss"]),
        ("kplug why loss hube", ["huber", "huber_loss"]),
        ("kplug why optimizer hube", []),
        ("kplug why nonsense hube", []),
        ("kplug show mse_l", ["mse_loss"]),
        ("kplug show din", ["din"]),
        ("kplug show du", ["dune"]),
        ("kplug show a-p", ["a-plugin/dune"]),
        ("kplug show --kind sched", ["schedule", "schedules"]),
        ("kplug show --kind loss dirac", []),
        ("kplug list comm", ["commands"]),
        ("kplug list sched", ["schedule", "schedules"]),
        ("kplug list a-", ["a-plugin"]),
        ("kplug conflicts comm", []),
        ("kplug conflicts metr", ["metric", "metrics"]),
        ("kplug docs d", []),  # a folder, which the shell itself completes
    ],
)
def test_the_last_word_is_completed(plugins: Sandbox, line: str, found: list[str]) -> None:
    assert complete(line) == found
    assert plugins.imported() <= {"noise_hooks"}


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"_KPLUG_COMPLETE": "complete_zsh"}, """_arguments '*: :(("huber"\n"huber_loss"))'\n"""),
        (
            {"_KPLUG_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
            "huber\nhuber_loss\n",
        ),
    ],
    ids=["zsh", "fish"],
)
def test_zsh_and_fish_get_the_same(environment: dict[str, str], text: str) -> None:
    assert _ask({**environment, "_TYPER_COMPLETE_ARGS": "kplug show hube"}) == text


def test_settings_in_error_are_no_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_AUTOLOAD", "perhaps")
    assert complete("kplug show din") == []
    assert complete("kplug show hube") == ["huber", "huber_loss"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_after_the_script_was_read(tmp_path: Path) -> None:
    program = tmp_path / "kplug"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "from kplug.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    assert 'torch' not in sys.modules\n"
    )
    program.chmod(0o755)
    script = (
        f"PATH={tmp_path}:$PATH\n"
        "source <(_KPLUG_COMPLETE=source_bash kplug)\n"
        "COMP_WORDS=(kplug why loss hube); COMP_CWORD=3\n"
        "$(complete -p kplug | grep -o '_kplug_[a-z_]*') kplug\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert (result.stdout, result.stderr) == ("huber huber_loss\n", "")
