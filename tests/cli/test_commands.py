"""Commands: kplug's own, and those that plugins add."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kplug.builtins.commands import COMPONENTS
from kplug.cli.app import app
from kplug.errors import ContractError, KplugError, PluginLoadError
from kplug.registry import REGISTRY, Spec, look_up
from kplug.registry.kinds import COMMAND
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

SLOW = "import time\ntime.sleep(2)\n"
CLIENT = """
import typer

def push(name: str, times: int = 1) -> None:
    "Publish a plugin."
    print("pushed", name, times)

remote = typer.Typer(help="Places.\\n\\nExample: kplug remote add URL")

@remote.command()
def add(url: str) -> None:
    "Add a place.\\n\\nExample: kplug remote add https://a.example"
    print("added", url)

@remote.command()
def fail() -> None:
    import kplug
    raise kplug.KplugError("no such remote", hint="Add it.")

number = 3
empty = typer.Typer()

async def later() -> None: ...

def untypable(value: "Nowhere") -> None: ...
"""
ENTRIES = {
    "push_model": "client:push",
    "remote": "client:remote",
    "number": "client:number",
    "empty": "client:empty",
    "later": "client:later",
    "untypable": "client:untypable",
    "dead": "client:nowhere",
    "gone": "client_gone:push",
    "system": "os:system",
}
HOOK = """
import kplug

@kplug.hookimpl
def kplug_commands():
    return {"pull": kplug.Component("pull", "client:push", ("fetch",), summary="Get [a] plugin.")}
"""


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})


def _words(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture
def client(install: Sandbox) -> Sandbox:
    install(
        "my-client",
        "2.1",
        entry_points={"kplug.commands": ENTRIES},
        modules={"client.py": CLIENT},
    )
    return install


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_command_of_kplugs_own_is_listed_with_its_documentation(name: str) -> None:
    command = REGISTRY.load(look_up(COMMAND, Spec(f"kplug/{name}")).component)
    summary = " ".join((inspect.getdoc(command) or "").split()[:4])
    assert f" {name} {summary} " in _words(_run("--help"))
    assert f"Usage: kplug {name} " in _words(_run(name, "--help"))


@pytest.mark.parametrize("written", ["push-model", "push_model", "my-client/push_model"])
def test_a_command_of_a_plugin_runs_with_its_arguments(client: Sandbox, written: str) -> None:
    result = _run(written, "dice", "--times", "3")
    assert (result.exit_code, result.output) == (0, "pushed dice 3\n")
    assert "kplug push-model [OPTIONS] {name}" in _words(_run("push-model", "--help")).replace(
        "NAME", "{name}"
    )


def test_a_command_that_entry_points_declare_is_listed_with_its_documentation(
    client: Sandbox,
) -> None:
    assert " push-model Publish a plugin. " in _words(_run("--help"))
    assert client.imported() == set()


def test_a_command_may_have_commands(client: Sandbox) -> None:
    assert _run("remote", "add", "https://x.example").output == "added https://x.example\n"
    assert isinstance(_run("remote", "fail").exception, KplugError)


OFFERS = """
import kplug

@kplug.hookimpl
def kplug_offers(kind, name, distribution):
    return [kplug.Package("pond-tools")] if (kind, name) == ("command", "drain") else []
"""


def test_a_command_that_is_not_here_is_offered_by_a_plugin_that_knows_of_it(
    install: Sandbox,
) -> None:
    install("my-offers", entry_points={"kplug": {"p": "offers"}}, modules={"offers.py": OFFERS})
    result = _run("drain")
    assert result.exit_code == 2
    assert "no command is named 'drain' pond-tools offers it: pip install pond-tools" in _words(
        result
    )


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        *((name, "kplug-authoring") for name in ("new", "add", "check", "schema", "stubs")),
        ("demo", "kplug-demo"),
        ("numbers", "kplug-numbers"),
        ("compare", "kplug-numbers"),
    ],
)
@pytest.mark.usefixtures("install")
def test_a_command_of_a_distribution_that_kplug_does_without_says_how_to_install_it(
    name: str, owner: str
) -> None:
    result = _run(name, "something")
    assert result.exit_code == 2
    assert f"no command is named '{name}'\n  {owner} offers it: pip install {owner}\n" in (
        result.output
    )


def test_a_distribution_that_is_here_is_not_offered_again(install: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kplug]\ndisable = ["kplug-authoring"]\n')
    install("kplug-authoring", entry_points={"kplug.commands": {"check": "client:check"}})
    result = _run("check", "something")
    assert result.exit_code == 2
    assert "switched off" in result.output
    assert "pip install" not in result.output


@pytest.mark.parametrize("name", ["install", "search", "check"])
def test_a_list_without_the_distribution_of_a_command_is_named_in_one_sentence(
    install: Sandbox, tmp_path: Path, name: str
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kplug]\nplugins = ["kplug-other"]\n')
    for each in ("kplug-authoring", "kplug-registry", "kplug-third"):
        install(each, entry_points={"kplug": {"plugin": "client"}})  # a hook, which nobody runs
    owner = "kplug-authoring" if name == "check" else "kplug-registry"
    text = _words(_run(name, "kplug-waves"))
    assert (
        f"the command '{name}' belongs to {owner} 1.0, which is switched off: 'plugins' in" in text
    )
    assert "does not name it" in text
    assert "Change that setting to use it." in text
    assert "kplug-third" not in text


def test_a_group_of_a_plugin_writes_help_as_kplugs_own_commands_do(client: Sandbox) -> None:
    assert _run("remote", "--help").output == (
        "Usage: kplug remote [OPTIONS] COMMAND [ARGS]...\n\nPlaces.\n\n"
        "Options:\n  --help   Show this message and exit.\n\n"
        "Commands:\n  add    Add a place.\n  fail\n\n"
        "Examples:\n  kplug remote add URL\n"
    )
    assert _run("remote", "add", "--help").output == (
        "Usage: kplug remote add [OPTIONS] {url}\n\nAdd a place.\n\n"
        "Arguments:\n  url <str>   [required]\n\n"
        "Options:\n  --help   Show this message and exit.\n\n"
        "Examples:\n  kplug remote add https://a.example\n"
    )


def test_help_shows_names_and_distributions_and_imports_nothing(client: Sandbox) -> None:
    client(
        "my-other", entry_points={"kplug": {"p": "other_hooks"}}, modules={"other_hooks.py": HOOK}
    )
    text = _words(_run("--help"))
    own, _, rest = text.partition("Commands of my-client 2.1")
    assert "List the components" in own
    clients, _, others = rest.partition("Commands of my-other 1.0")
    assert "push-model" in clients
    assert "pull Get [a] plugin." in others
    assert client.imported() == {"other_hooks"}


@pytest.mark.parametrize(
    "arguments", [["env", "--help"], ["lock", "--help"], ["remote", "add", "x"]]
)
def test_no_other_command_waits_for_one_that_is_slow_to_import(
    client: Sandbox, arguments: list[str]
) -> None:
    client(
        "my-slow",
        entry_points={"kplug.commands": {"wait": "slow:run"}},
        modules={"slow.py": SLOW},
    )
    client(
        "my-slow-hooks",
        entry_points={"kplug": {"p": "slow_hooks"}},
        modules={"slow_hooks.py": SLOW + HOOK},
    )
    _run(*arguments)
    is_own = arguments[0] != "remote"
    assert client.imported() == (set() if is_own else {"client", "slow_hooks"})


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "number",
            ContractError,
            "the command 'number' of my-client 2.1 (client:number) cannot run: 3 is none\n"
            "  A command is a function with typer's annotations, or a typer.Typer.",
        ),
        (
            "later",
            ContractError,
            "the command 'later' of my-client 2.1 (client:later) cannot run: it is async\n"
            "  It is called and not awaited: write def instead of async def.",
        ),
        (
            "empty",
            ContractError,
            "the command 'empty' of my-client 2.1 (client:empty) cannot run: typer makes no command of it: "
            "RuntimeError: Could not get a command for this Typer instance",
        ),
        (
            "untypable",
            ContractError,
            "the command 'untypable' of my-client 2.1 (client:untypable) cannot run: typer makes no command "
            "of it: NameError: name 'Nowhere' is not defined",
        ),
        (
            "dead",
            PluginLoadError,
            "the command 'dead' of my-client 2.1 (client:nowhere) cannot be loaded: AttributeError: module "
            "'client' has no attribute 'nowhere'\n"
            "  Mend or upgrade my-client, or switch the plugin off: KPLUG_DISABLE=my-client.",
        ),
        (
            "system",
            PluginLoadError,
            "the command 'system' of my-client 2.1 (os:system) cannot be loaded: TargetError: 'os' is a "
            "module neither of my-client nor of a package that it requires\n"
            "  Mend or upgrade my-client, or switch the plugin off: KPLUG_DISABLE=my-client.",
        ),
    ],
)
def test_what_is_no_command(
    client: Sandbox, name: str, error: type[KplugError], message: str
) -> None:
    result = _run(name)
    assert type(result.exception) is error
    assert str(result.exception) == message


def test_dead_commands_are_found_without_being_run(client: Sandbox) -> None:
    broken = json.loads(_run("list", "--check", "--json").output)["broken"]
    assert [item["name"] for item in broken] == ["dead", "gone", "system"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('no')", "kplug_commands raised ValueError: no"),
        (
            "return ['push']",
            "kplug_commands returned ['push']; it must return a mapping of name to target",
        ),
    ],
)
def test_a_hook_that_fails_costs_its_plugin_alone(client: Sandbox, body: str, problem: str) -> None:
    source = f"import kplug\n@kplug.hookimpl\ndef kplug_commands():\n    {body}\n"
    client("my-bad", entry_points={"kplug": {"p": "bad"}}, modules={"bad.py": source})
    assert "push-model" in _run("--help").output
    assert client.problems("my-bad") == [problem]
    result = _run("pusch-model")
    assert result.exit_code == 2
    text = _words(result)
    assert "no command is named 'pusch-model' Did you mean 'push_model'?" in text
    assert f"Not read: my-bad 1.0: {problem}" in text


def test_a_command_of_kplugs_own_is_not_replaced(
    client: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_PREFER", "my-thief")
    client(
        "my-thief",
        entry_points={
            "kplug.commands": {"list": "thief:push", "other": "thief:other", "Env": "thief:other"}
        },
        modules={"thief.py": CLIENT.replace("pushed", "stolen")},
    )
    assert client.problems("my-thief") == [
        f"the command {name!r} is kplug's own, so that of this package is used as 'my-thief/{used}' alone. "
        "Give it another name"
        for name, used in (("list", "list"), ("Env", "other"))
    ]
    assert "stolen" not in _run("list", "commands").output
    assert _run("my-thief/list", "it").output == "stolen it 1\n"
    assert "my-thief/list" in _run("--help").output


def test_one_name_of_two_plugins_is_reached_with_the_package(client: Sandbox) -> None:
    client(
        "my-second",
        entry_points={"kplug.commands": {"push_model": "second:push"}},
        modules={"second.py": CLIENT.replace("pushed", "sent")},
    )
    text = _words(_run("--help"))
    assert "my-client/push-model" in text
    assert "my-second/push-model" in text
    result = _run("push-model", "x")
    assert result.exit_code == 2
    assert "Write 'my-client/push_model', or prefer one: KPLUG_PREFER=my-client" in _words(result)
    assert _run("my-second/push-model", "x").output == "sent x 1\n"
    assert _run("my-client/push-model", "x").output == "pushed x 1\n"


def test_a_plugin_that_is_switched_off_has_no_commands(
    client: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "my-client")
    REGISTRY.reload()
    assert "push-model" not in _run("--help").output
    result = _run("push-model", "x")
    assert result.exit_code == 2
    assert "which is switched off: KPLUG_DISABLE names it" in _words(result)
    assert client.imported() == set()


@pytest.mark.parametrize("written", ["we{ird", "frob", "nobody/frob", "adam"])
def test_a_name_that_leads_nowhere_is_a_usage_error(client: Sandbox, written: str) -> None:
    result = _run(written)
    assert result.exit_code == 2
    assert "Usage: kplug [OPTIONS] COMMAND [ARGS]..." in result.output
