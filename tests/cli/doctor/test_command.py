"""``kplug doctor``: what is wrong, each finding with the command that mends it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
HOOKS = "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n    return {}\n"


def _run(*arguments: str, status: int = 0) -> str:
    kplug.reload()
    unhurried = ("--budget", "600")  # on a busy machine each import is slow; the last budget counts
    result = CliRunner().invoke(app, ["doctor", *unhurried, *arguments])
    assert result.exit_code == status, result.output
    return result.stdout


def _find(*arguments: str, status: int = 0) -> list[tuple[str, str, str, str]]:
    """Return topic, distribution, message and command of each finding."""
    found = json.loads(_run("--json", *arguments, status=status))["findings"]
    return [tuple(each[key] for key in ("topic", "about", "message", "command")) for each in found]


def _offer(install: Sandbox, name: str, *names: str, version: str = "1.0") -> None:
    module = name.replace("-", "_")
    points = {each: f"{module}:{each}" for each in names}
    source = "".join(f"def {each}(weight_matrix): ...\n" for each in names)
    install(
        name,
        version,
        entry_points={"kplug.regularizers": points},
        modules={f"{module}.py": source},
    )


def test_nothing_is_wrong(install: Sandbox) -> None:
    _offer(install, "a-plugin", "pond")
    found, _, machine = _run().partition("This machine:\n")
    assert found == "Nothing is wrong.\nNo settings.\nPlugins:\n  a-plugin 1.0 may load\n"
    assert "    bfloat16: " in machine
    assert install.imported() == set()


def test_a_broken_module_of_hooks(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug": {"h": "a_hooks"}}, modules={"a_hooks.py": "1 / 0"})
    message = "its module of hooks cannot be imported: ZeroDivisionError: division by zero"
    command = "export KPLUG_DISABLE=a-plugin"
    assert _find(status=1) == [("broken", "a-plugin 1.0", message, command)]
    assert _run(status=1).startswith(f"broken: a-plugin 1.0: {message}\n  $ {command}\n")


def test_a_target_in_a_package_that_is_not_there(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug.losses": {"pond": "no_such.module:pond"}})
    (found,) = _find(status=1)
    assert found[:3] == (
        "broken",
        "a-plugin 1.0",
        "the loss 'pond' is no_such.module:pond, and there is no package 'no_such'",
    )
    assert len(_find("--import", status=1)) == 1  # said once


def test_a_target_that_loading_refuses_is_found_without_an_import(install: Sandbox) -> None:
    points = {"kplug.losses": {"pond": "packaging:version", "sea": "os:path"}}
    install("a-plugin", entry_points=points)
    messages = [
        "the loss 'sea' never loads: 'os:path' is of Python itself",
        "the loss 'pond' never loads: 'packaging' is a module neither of a-plugin nor of a package "
        "that it requires",
    ]
    assert [found[2] for found in _find(status=1)] == messages
    assert [found[2] for found in _find("--import", status=1)] == messages  # said once


def test_a_target_that_cannot_be_used_is_found_with_an_import(install: Sandbox) -> None:
    points = {"kplug.losses": {"pond": "ponds:pond", "sea": "ponds:sea"}}
    source = "pond = 3\ndef sea(target, output): ...\n"
    install("a-plugin", entry_points=points, modules={"ponds.py": source})
    assert _find() == []
    messages = [
        "a-plugin/pond (ponds:pond) is an int, not a loss",
        "a-plugin/sea (ponds:sea) takes (target, output): it may be a loss or a factory of one",
    ]
    assert [found[2] for found in _find("--import", status=1)] == messages
    result = CliRunner().invoke(app, ["list", "losses", "--check", "--json"])
    assert [each["message"] for each in json.loads(result.output)["broken"]] == messages


def test_a_hook_that_offers_what_cannot_be_called(install: Sandbox) -> None:
    source = "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n    return {'pond': 3, 'sea': 'a_hooks:s'}"
    modules = {"a_hooks.py": source}
    install("a-plugin", entry_points={"kplug": {"h": "a_hooks"}}, modules=modules)
    (found,) = _find(status=1)
    assert found[2].startswith("kplug_losses: 'pond' is 3, which cannot be called. Give a class")


def test_a_target_that_does_not_load_is_found_with_an_import(install: Sandbox) -> None:
    points = {"kplug.losses": {"pond": "ponds:pond"}}
    install("a-plugin", entry_points=points, modules={"ponds.py": "print('hello')\n"})
    assert _find() == []
    assert install.imported() == set()
    ((topic, about, message, _),) = _find("--import", status=1)
    assert (topic, about) == ("broken", "a-plugin 1.0")
    assert message.startswith("the loss 'pond' of a-plugin 1.0 (ponds:pond) cannot be loaded: Attr")


def test_shadowed_and_duplicate_names(install: Sandbox) -> None:
    _offer(install, "a-plugin", "l2", "pond")
    _offer(install, "b-plugin", "pond")
    nothing = "is an error, as nothing decides between them"
    assert _find() == [
        (
            "shadowed",
            "a-plugin 1.0",
            "the bare name of the regularizer 'a-plugin/l2' means kplug/l2 (built-in)",
            "export KPLUG_PREFER=a-plugin/l2",
        ),
        *(
            (
                "duplicate",
                f"{name} 1.0",
                f"the bare name of the regularizer '{name}/pond' {nothing}",
                f"export KPLUG_PREFER={name}/pond",
            )
            for name in ("a-plugin", "b-plugin")
        ),
    ]


def test_a_name_that_is_for_its_qualified_form_is_not_shadowed(install: Sandbox) -> None:
    source = HOOKS.replace(
        "{}", "{'huber': kplug.Component('huber', 'm:h', is_qualified_only=True)}"
    )
    install(
        "a-plugin", entry_points={"kplug": {"h": "shy"}}, modules={"shy.py": source, "m.py": ""}
    )
    assert _find() == []


def test_one_name_twice_in_one_distribution(install: Sandbox) -> None:
    install(
        "a-plugin",
        entry_points={"kplug.losses": {"pond": "m:one", "Pond": "m:two"}},
        modules={"m.py": ""},
    )
    ((topic, _, message, _),) = _find(status=1)
    assert topic == "duplicate"
    assert message.startswith("the loss 'pond' is offered twice, as m:two and as m:one; ")


@pytest.mark.parametrize("empty_first", [True, False])
def test_an_empty_folder_beside_a_good_one(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, empty_first: bool
) -> None:
    _offer(install, "a-plugin", "pond", version="2.0")
    empty, good = (install.info("a-plugin", version) for version in ("1.0", "2.0"))
    empty.mkdir()
    folders = [empty, good] if empty_first else [good, empty]
    found = [importlib_metadata.PathDistribution(folder) for folder in folders]
    monkeypatch.setattr(importlib_metadata, "distributions", lambda **_: iter(found))
    message = (
        f"{empty} has no metadata, and hides {good}: nothing that it offers is found"
        if empty_first
        else f"{empty} is not read, as {good} comes first"
    )
    status = 1 if empty_first else 0
    assert _find(status=status) == [("stale", "a-plugin", message, f"rm -r {empty}")]


def test_two_folders_of_one_distribution(install: Sandbox, tmp_path: Path) -> None:
    _offer(install, "a-plugin", "pond", version="1.0")
    _offer(install, "a-plugin", "pond", version="2.0")
    ((topic, about, message, command),) = _find()
    folders = {str(install.info("a-plugin", version)) for version in ("1.0", "2.0")}
    assert (topic, about) == ("stale", "a-plugin")
    hidden, used = command.removeprefix("rm -r "), message.partition(" as ")[2].split()[0]
    assert {hidden, used} == folders
    shutil.rmtree(hidden)  # what the command does
    install.changed()
    assert _find() == []


def test_metadata_whose_modules_are_gone(install: Sandbox) -> None:
    _offer(install, "a-plugin", "pond")
    (install.folder / "a_plugin.py").unlink()
    topics = {each[0]: each for each in _find(status=1)}
    folder = install.info("a-plugin", "1.0")
    assert topics["stale"] == (
        "stale",
        "a-plugin",
        f"none of the modules that {folder} lists is there",
        "pip uninstall a-plugin",
    )


def test_a_misspelt_group(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug.loses": {"pond": "m:pond"}})
    ((topic, _, message, _),) = _find(status=1)
    assert topic == "misspelt"
    assert message.endswith("Did you mean 'kplug.losses'?")


def test_a_plugin_for_another_contract(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug2.losses": {"pond": "m:pond"}})
    assert _find() == [
        (
            "wrong-contract",
            "a-plugin",
            "its entry points in the group 'kplug2.losses' are for a kplug with another contract, "
            "and this one does not read them",
            "pip install --upgrade kplug",
        )
    ]


@pytest.mark.parametrize("arguments", [("--budget", "0"), ("--budget", "0", "--import")])
def test_what_takes_longer_than_the_budget(install: Sandbox, arguments: tuple[str, ...]) -> None:
    install("a-plugin", entry_points={"kplug": {"h": "a_hooks"}}, modules={"a_hooks.py": HOOKS})
    _offer(install, "b-plugin", "pond")
    slow = _find(*arguments)
    assert [(each[0], each[2].partition(" takes ")[0], each[3]) for each in slow] == [
        ("slow", "the module of hooks 'a_hooks'", "python -X importtime -c 'import a_hooks'"),
        ("slow", "the target 'b_plugin:pond'", "python -X importtime -c 'import b_plugin'"),
    ][: len(arguments) - 1]
    assert _find() == []


def test_no_plugin_is_blamed_for_the_time_of_another_that_its_module_asks_for(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    question = "from kplug.registry import KINDS, REGISTRY\nREGISTRY.components(KINDS['loss'])"
    asking = f"{question}\n{HOOKS}"
    slow = f"import time\ntime.sleep(0.4)\n{HOOKS}"
    for name, source in (("a", asking), ("b", slow)):
        points = {"kplug": {"h": f"{name}_hooks"}}
        install(f"{name}-plugin", entry_points=points, modules={f"{name}_hooks.py": source})
    found = [each[1] for each in _find("--budget", "0.3") if each[2].endswith("s to import")]
    assert found == ["b-plugin 1.0"]


def test_a_module_of_hooks_that_imports_a_heavy_library(install: Sandbox) -> None:
    (install.folder / "jax.py").write_text("")
    source = f"import jax\n{HOOKS}"
    install("a-plugin", entry_points={"kplug": {"h": "a_hooks"}}, modules={"a_hooks.py": source})
    ((topic, _, message, _),) = _find()
    assert topic == "slow"
    assert message.startswith("its module of hooks 'a_hooks' imports jax (")


def test_settings_in_vain(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KPLUG_PREFER", "gone")
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\n\ndisable = ['lost']\n")
    assert {(each[0], each[1], each[3]) for each in _find(status=1)} == {
        ("setting", "gone", "unset KPLUG_PREFER"),
        ("setting", "lost", f"${{EDITOR:-vi}} +3 {file}"),
    }


def test_settings_in_error(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KPLUG_BLOCK", "a-plugin")
    monkeypatch.setenv("KPLUG_POLICY", "missing.toml")
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\nplugins = 3\n")
    assert [each[3] for each in _find(status=1)] == [
        "unset KPLUG_POLICY",
        "unset KPLUG_BLOCK",
        f"${{EDITOR:-vi}} {file}",
    ]


def test_json_has_timings_and_the_settings_in_force(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_AUTOLOAD", "1")
    install("a-plugin", entry_points={"kplug": {"h": "a_hooks"}}, modules={"a_hooks.py": HOOKS})
    data: dict[str, Any] = json.loads(_run("--json"))
    settings = {"sources", "plugins", "sections", "not_shown"}
    assert set(data) == {"schema", "findings", "timings", *settings}
    (timing,) = data["timings"]
    assert timing.pop("seconds") >= 0
    assert timing == {"about": "a-plugin 1.0", "module": "a_hooks", "is_target": False}
    assert data["sources"][0]["place"] == "environment"


HOOKS_WITH_FINDINGS = """
import kplug
@kplug.hookimpl
def kplug_findings():
    return [kplug.Finding("stale", "ponds", "the map is old", "ponds fetch", is_broken=False)]
"""


def test_what_a_plugin_finds_wrong(install: Sandbox) -> None:
    modules = {"pond_hooks.py": HOOKS_WITH_FINDINGS}
    install("ponds", entry_points={"kplug": {"h": "pond_hooks"}}, modules=modules)
    assert _find() == [("stale", "ponds", "the map is old", "ponds fetch")]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("1 / 0", "kplug_findings raised ZeroDivisionError: division by zero"),
        ("3", "kplug_findings: 3 was returned. It must return a list of kplug.Finding."),
        (
            "[kplug.Finding('stale', 'ponds', 'old', 3)]",
            "kplug_findings: ('stale', 'ponds', 'old', 3) is no finding for `kplug doctor`. "
            'Give texts: kplug.Finding("stale", "ponds", "the map is old", "ponds fetch").',
        ),
    ],
    ids=["error", "no list", "no texts"],
)
def test_what_is_wrong_with_what_a_plugin_finds(
    install: Sandbox, answer: str, problem: str
) -> None:
    hooks = f"import kplug\n@kplug.hookimpl\ndef kplug_findings():\n    return {answer}\n"
    install("ponds", entry_points={"kplug": {"h": "pond_hooks"}}, modules={"pond_hooks.py": hooks})
    assert _find(status=1) == [("broken", "ponds 1.0", problem, "export KPLUG_DISABLE=ponds")]


def test_what_differs_from_the_nearest_lock(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(install, "a-plugin", "pond")
    lock = tmp_path / "kplug.lock"
    lock.write_text('layout = 1\n\n[[packages]]\nname = "a-plugin"\nversion = "0.9"\n')
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    message = f"a-plugin was locked at 0.9, here is 1.0 ({lock})"
    assert _find() == [("locked", "a-plugin", message, f"kplug sync --lock {lock}")]
    (tmp_path / "deep" / "kplug.lock").write_text("layout = 9")
    message = "the lock has layout 9, this kplug reads 1"
    assert _find(status=1) == [("locked", f"{tmp_path}/deep/kplug.lock", message, "kplug lock")]
    monkeypatch.setenv("KPLUG_LOCK", str(lock))
    assert len(_find()) == 1
