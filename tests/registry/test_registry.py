"""The registry of the process: what is found when, what is kept, and many threads at once."""

from __future__ import annotations

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.errors import DisabledComponentError, PluginLoadError, PolicyError, UnknownComponentError
from kplug.registry import REGISTRY, get_kind, registry as host, resolve
from kplug.registry.installed.discovery import Discovery, discover
from kplug.registry.policy import Policy

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

REGULARIZER = get_kind("regularizer")
POND = "def pond(weight_matrix, depth=0.25):\n    return depth\n"


def _install_pond(install: Sandbox, name: str = "my-plugin") -> None:
    module = name.replace("-", "_")
    install(
        name,
        entry_points={"kplug.regularizers": {"pond": f"{module}:pond"}},
        modules={f"{module}.py": POND},
    )


def test_module_is_imported_when_its_component_is_first_used(install: Sandbox) -> None:
    _install_pond(install)
    REGISTRY.problems()
    assert install.imported() == set()
    resolve("regularizer", "pond")
    assert install.imported() == {"my_plugin"}


def test_plugin_that_is_installed_later_is_found_on_a_miss(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownComponentError):
        resolve("regularizer", "pond")
    state = REGISTRY.state
    with monkeypatch.context() as patch:
        patch.setattr(REGISTRY, "reload", lambda: None)
        _install_pond(install)
    assert REGISTRY.state is state
    assert resolve("regularizer", "pond").component.qualified_name == "my-plugin/pond"


def test_plugin_that_is_uninstalled_disappears(install: Sandbox) -> None:
    _install_pond(install)
    resolve("regularizer", "pond")
    install.uninstall("my-plugin")
    with pytest.raises(UnknownComponentError):
        resolve("regularizer", "pond")


def test_nothing_new_is_discovered_once(install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownComponentError):
        resolve("regularizer", "pond")
    monkeypatch.setattr(host, "discover", None)
    with pytest.raises(UnknownComponentError):
        resolve("regularizer", "pond")


@pytest.mark.parametrize("allowed", ["", "other", "my-plugin"])
def test_settings_are_read_again_after_reload(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    _install_pond(install)
    resolve("regularizer", "pond")
    monkeypatch.setenv("KPLUG_PLUGINS", allowed)
    kplug.reload()
    if allowed == "my-plugin":
        assert resolve("regularizer", "pond").rule == "only candidate"
    else:
        with pytest.raises(
            kplug.KplugError, match="is switched off: KPLUG_PLUGINS does not name it"
        ):
            resolve("regularizer", "pond")


def test_preference_in_code(install: Sandbox) -> None:
    _install_pond(install, "a-plugin")
    _install_pond(install, "b-plugin")
    kplug.prefer("B_Plugin")
    assert resolve("regularizer", "pond").component.qualified_name == "b-plugin/pond"
    kplug.prefer("a-plugin/pond")
    assert resolve("regularizer", "pond").component.qualified_name == "a-plugin/pond"
    kplug.prefer()
    with pytest.raises(kplug.errors.AmbiguousComponentError):
        resolve("regularizer", "pond")


FAILING = "with open(__file__ + '.count', 'a') as f:\n    f.write('x')\nraise OSError('no')\n"


def test_failure_is_kept_until_reload(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": FAILING},
    )
    for _ in range(3):
        with pytest.raises(PluginLoadError) as caught:
            resolve("regularizer", "pond")
        assert isinstance(caught.value.__cause__, OSError)
    assert (install.folder / "my_plugin.py.count").read_text() == "x"
    (install.folder / "my_plugin.py").write_text(POND)
    install.changed()
    assert resolve("regularizer", "pond").object("w") == 0.25


def test_interrupt_during_an_import_is_passed_on(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": "raise KeyboardInterrupt"},
    )
    with pytest.raises(KeyboardInterrupt):
        resolve("regularizer", "pond")


def _together(count: int, work: Any) -> list[Any]:
    barrier = threading.Barrier(count)

    def start(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_many_threads_at_once_from_a_cold_registry(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        _install_pond(install, f"plugin-{number}")
    resolve("regularizer", "plugin-0/pond")  # torch is imported by one thread, not by a hundred
    install(
        "with-hooks",
        entry_points={"kplug": {"plugin": "with_hooks"}},
        modules={
            "with_hooks.py": "import kplug\ncalls = []\n@kplug.hookimpl\ndef kplug_regularizers():\n"
            "    calls.append(1)\n    return {'bad-name': 'a:b', 'brook': lambda weight_matrix: 1}\n"
        },
    )
    discoveries = []

    def discover_and_count(policy: Policy) -> Discovery:
        discoveries.append(1)
        return discover(policy)

    monkeypatch.setattr(host, "discover", discover_and_count)
    REGISTRY.reload()
    discoveries.clear()

    def work(number: int) -> tuple[str, object]:
        ref = f"plugin-{number % 20}/pond"
        resolve("regularizer", "brook")
        return ref, resolve("regularizer", ref).object("w")

    results = _together(100, work)
    assert results == [(f"plugin-{number % 20}/pond", 0.25) for number in range(100)]
    assert discoveries == [1]
    assert sys.modules["with_hooks"].calls == [1]
    assert len(install.problems("with-hooks")) == 1


def test_threads_that_reload_meanwhile(install: Sandbox) -> None:
    _install_pond(install)
    resolve("regularizer", "pond")

    def work(number: int) -> float:
        total = 0.0
        for _ in range(20):
            if number == 0:
                REGISTRY.reload()
            total += resolve("regularizer", "pond").object("w")
        return total

    assert _together(4, work) == [5.0] * 4


@pytest.mark.torch
def test_module_that_asks_the_registry_while_another_thread_loads_it(install: Sandbox) -> None:
    """The thread that imports holds Python's lock of the module; the other must not hold ours."""
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={
            "my_plugin.py": "import time\ntime.sleep(0.2)\nimport kplug\n"
            f"SMALL = kplug.resolve('regularizer', 'l2')\n{POND}"
        },
    )
    resolve("regularizer", "l1")
    REGISTRY.reload()
    importing = threading.Thread(target=__import__, args=("my_plugin",), daemon=True)
    resolving = threading.Thread(target=resolve, args=("regularizer", "pond"), daemon=True)
    importing.start()
    resolving.start()
    importing.join(timeout=120)
    resolving.join(timeout=120)
    assert not importing.is_alive()
    assert not resolving.is_alive()


@pytest.mark.torch
def test_same_for_a_module_of_hooks(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_plugin"}},
        modules={
            "my_plugin.py": "import time\ntime.sleep(0.2)\nimport kplug\n"
            "SMALL = kplug.resolve('regularizer', 'kplug/l2')\n"
        },
    )
    resolve("activation", "relu")
    REGISTRY.reload()
    with warnings.catch_warnings():
        importing = threading.Thread(target=__import__, args=("my_plugin",), daemon=True)
        resolving = threading.Thread(target=REGISTRY.problems, daemon=True)
        importing.start()
        resolving.start()
        importing.join(timeout=120)
        resolving.join(timeout=120)
    assert not importing.is_alive()
    assert not resolving.is_alive()


def test_preference_for_a_name_that_is_not_offered_is_a_problem(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_pond(install)
    monkeypatch.setenv("KPLUG_PREFER", "my-plugin/pont,my-plugin/pond")
    REGISTRY.reload()
    assert [str(problem) for problem in REGISTRY.problems()] == [
        "my-plugin: it is preferred for 'pont', which it does not offer"
    ]


@pytest.mark.parametrize("entry", ["my-plugin", "my-plugin/pond"])
def test_preference_for_a_plugin_that_is_switched_off_is_a_problem(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    _install_pond(install)
    monkeypatch.setenv("KPLUG_PREFER", entry)
    monkeypatch.setenv("KPLUG_DISABLE", "my-plugin")
    REGISTRY.reload()
    assert [str(problem) for problem in REGISTRY.problems()] == [
        "my-plugin 1.0: it is preferred, but it is switched off: KPLUG_DISABLE names it"
    ]
    assert REGISTRY.unmet_preferences() == REGISTRY.problems()


def test_unmet_preferences_are_those_of_what_is_absent_off_or_not_offered(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_pond(install)
    _install_pond(install, "other-plugin")
    install("third-plugin", entry_points={"kplug": {"plugin": "no_such_module"}})
    monkeypatch.setenv("KPLUG_DISABLE", "other-plugin,absent-plugin")
    monkeypatch.setenv("KPLUG_PREFER", "other-plugin,my-plugin/pont,missing,my-plugin")
    REGISTRY.reload()
    assert [str(problem) for problem in REGISTRY.unmet_preferences()] == [
        "missing: KPLUG_PREFER names it, but it is not installed",
        "other-plugin 1.0: it is preferred, but it is switched off: KPLUG_DISABLE names it",
        "my-plugin: it is preferred for 'pont', which it does not offer",
    ]


def test_settings_are_those_of_the_first_use(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another working directory nor an installation drops them in silence."""
    _install_pond(install)
    (tmp_path / "pyproject.toml").write_text("[tool.kplug]\ndisable = ['my-plugin', 'later']\n")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    REGISTRY.reload()
    for _ in range(2):
        with pytest.raises(DisabledComponentError):
            resolve("regularizer", "pond")
        monkeypatch.chdir(elsewhere)
        kplug.prefer("kplug")
    with monkeypatch.context() as patch:  # as pip does it, without a word to the registry
        patch.setattr(REGISTRY, "reload", lambda: None)
        _install_pond(install, "later")
    with pytest.raises(DisabledComponentError):
        resolve("regularizer", "later/pond")
    REGISTRY.reload()
    assert resolve("regularizer", "my-plugin/pond").object("w") == 0.25


@pytest.mark.parametrize("entry", ["nonsense!!", 3, ["b-plugin"], None])
def test_a_preference_that_cannot_be_is_refused_when_it_is_said(entry: Any) -> None:
    kplug.prefer("kplug")
    with pytest.raises(PolicyError) as caught:
        kplug.prefer("torch", entry)
    assert str(caught.value) == (
        f"the call of prefer() holds {entry!r}\n"
        "  Give names of distributions, or distribution/name."
    )
    assert REGISTRY.state.policy.prefer == ("kplug",)


ASKING = "import kplug\nSMALL = kplug.resolve('regularizer', 'l2')\n"
HOOKS = (
    "import kplug\n"
    "@kplug.hookimpl\n"
    "def kplug_regularizers():\n"
    "    return {'pond': lambda weight_matrix: 0.25}\n"
)
ADVICE = "asks the registry while it is imported, when its own components are not known"


@pytest.mark.parametrize(
    ("modules", "where"),
    [
        (
            {"my_hooks.py": ASKING + HOOKS},
            "my_hooks, line 2: `SMALL = kplug.resolve('regularizer', 'l2')`",
        ),
        (
            {"my_hooks.py": "import my_library\n" + HOOKS, "my_library.py": ASKING},
            "my_library, line 2: `SMALL = kplug.resolve('regularizer', 'l2')`",
        ),
        (
            {"my_hooks.py": "from kplug import losses\nloss = losses.get('mse')\n" + HOOKS},
            "my_hooks, line 2: `loss = losses.get('mse')`",
        ),
    ],
    ids=["itself", "what it imports", "by another function"],
)
@pytest.mark.torch
def test_module_of_hooks_that_asks_the_registry_is_told_so(
    install: Sandbox, modules: dict[str, str], where: str
) -> None:
    install("my-plugin", entry_points={"kplug": {"plugin": "my_hooks"}}, modules=modules)
    install("z-plugin", entry_points={"kplug.regularizers": {"brook": "z:brook"}})
    assert install.problems("my-plugin") == [
        f"its module of hooks 'my_hooks' {ADVICE} ({where}). Ask inside a function"
    ]
    assert resolve("regularizer", "pond").object("w") == 0.25
    assert REGISTRY.index(REGULARIZER).candidates("brook")
    with pytest.raises(UnknownComponentError) as caught:  # it explains no miss
        resolve("regularizer", "my-plugin/creek")
    assert "asks the registry" not in str(caught.value)
    with pytest.raises(UnknownComponentError) as caught:
        resolve("regularizer", "creek")
    assert "asks the registry" not in str(caught.value)


@pytest.mark.torch
def test_what_was_asked_too_early_is_not_remembered(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_hooks"}},
        modules={"my_hooks.py": ASKING + HOOKS.replace("pond", "l2")},
    )
    kplug.prefer("my-plugin")
    resolve("regularizer", "l1")  # imports the module, which gets kplug's own l2
    assert resolve("regularizer", "l2").object("w") == 0.25


def test_hook_may_ask_the_registry(install: Sandbox) -> None:
    """It gets what the others offer, and of its own distribution the entry points."""
    install(
        "my-plugin",
        entry_points={
            "kplug": {"plugin": "my_hooks"},
            "kplug.regularizers": {"brook": "my_plugin:pond"},
        },
        modules={
            "my_hooks.py": HOOKS.replace(
                "    return", "    assert kplug.resolve('regularizer', 'brook')\n    return"
            ),
            "my_plugin.py": POND,
        },
    )
    assert resolve("regularizer", "pond").object("w") == 0.25
    assert install.problems("my-plugin") == []


@pytest.mark.torch
def test_module_of_hooks_that_the_user_is_importing_is_complete_later(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_hooks"}},
        modules={"my_hooks.py": ASKING + HOOKS},
    )
    __import__("my_hooks")
    assert resolve("regularizer", "pond").object("w") == 0.25
    assert install.problems("my-plugin") == []


def test_target_in_a_module_that_is_being_imported_is_found_later(install: Sandbox) -> None:
    asking = (
        "import kplug\ntry:\n    kplug.resolve('regularizer', 'pond')\n"
        "except kplug.errors.PluginLoadError as error:\n    EARLY = str(error)\n"
    )
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": asking + POND},
    )
    assert "partially initialized" in __import__("my_plugin").EARLY
    assert resolve("regularizer", "pond").object("w") == 0.25
