"""Every sort of broken plugin costs itself alone, and says what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

import kplug
from kplug.cli.listing import list_components
from kplug.cli.show import show
from kplug.errors import (
    AmbiguousComponentError,
    DisabledComponentError,
    PluginLoadError,
    PolicyError,
    ShadowedComponentWarning,
    UnknownComponentError,
)
from kplug.registry import KINDS, REGISTRY, Spec, get_kind, look_up, resolve

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

FOLDER = Path(__file__).parents[1] / "bad_plugins"
TREES = sorted(path.name for path in FOLDER.iterdir() if (path / "METADATA").is_file())
BAD = [name for name in TREES if name != "good"]

# Folder -> distribution and the problems that show without a component's being used.
PROBLEMS: dict[str, tuple[str, list[str]]] = {
    "import_error": ("bad-import-error", []),
    "system_exit": (
        "bad-system-exit",
        [
            "its module of hooks cannot be imported: SystemExit: usage: bad-system-exit FILE",
        ],
    ),
    "missing_dependency": ("bad-missing-dependency", []),
    "misspelt_hook": (
        "bad-misspelt-hook",
        [
            "it implements 'kplug_regularizerss', which is no hook. "
            "Did you mean 'kplug_regularizers'?",
        ],
    ),
    "wrong_hook_signature": (
        "bad-wrong-hook-signature",
        ["its kplug_regularizers takes {'config'}; the hook is called without arguments"],
    ),
    "wrong_return_type": (
        "bad-wrong-return-type",
        ["kplug_regularizers returned ['never']; it must return a mapping of name to target"],
    ),
    "missing_target": ("bad-missing-target", []),
    "same_name_one": ("bad-same-name-one", []),
    "same_name_two": ("bad-same-name-two", []),
    "duplicate_name": (
        "bad-duplicate-name",
        [
            "the regularizer 'twice' is offered twice, as bad_duplicate_name:second and as "
            "bad_duplicate_name:first; the name is used for neither. Give one of them another name",
        ],
    ),
    "shadows_adam": ("bad-shadows-adam", []),
}


@pytest.fixture
def good(install: Sandbox) -> Sandbox:
    install.copy(FOLDER / "good")
    return install


@pytest.fixture
def everything(good: Sandbox) -> Sandbox:
    for name in BAD:
        good.copy(FOLDER / name)
    return good


def _marks(install: Sandbox) -> set[str]:
    return {path.stem for path in install.folder.glob("*.imported")}


def _check_that_the_others_work() -> None:
    assert resolve("regularizer", "puddle(depth=2)").object("w") == 2
    assert resolve("regularizer", "brook").component.qualified_name == "good-plugin/brook"
    built_in = look_up(get_kind("regularizer"), Spec("l2")).component
    assert built_in.qualified_name == "kplug/l2"


def test_every_folder_has_its_expectation() -> None:
    assert sorted(PROBLEMS) == BAD


@pytest.mark.parametrize("name", BAD)
def test_it_costs_that_plugin_alone(good: Sandbox, name: str) -> None:
    good.copy(FOLDER / name)
    _check_that_the_others_work()
    distribution, messages = PROBLEMS[name]
    assert good.problems(distribution) == messages
    assert good.problems("good-plugin") == []


def test_all_of_them_at_once(everything: Sandbox) -> None:
    _check_that_the_others_work()
    found = {problem.origin.distribution: problem.message for problem in REGISTRY.problems()}
    assert found == {owner: text for owner, texts in PROBLEMS.values() for text in texts}


@pytest.mark.parametrize(
    ("name", "ref", "message"),
    [
        (
            "import_error",
            "soggy",
            "the regularizer 'soggy' of bad-import-error 1.0 (bad_import_error:soggy) cannot be loaded: "
            "ImportError: the compiled part of this package was built for another Python\n"
            "  Mend or upgrade bad-import-error, or switch the plugin off: "
            "KPLUG_DISABLE=bad-import-error.",
        ),
        (
            "system_exit",
            "leaving",
            "the regularizer 'leaving' of bad-system-exit 1.0 (bad_system_exit:leaving) cannot be "
            "loaded: SystemExit: usage: bad-system-exit FILE\n"
            "  Mend or upgrade bad-system-exit, or switch the plugin off: "
            "KPLUG_DISABLE=bad-system-exit.",
        ),
        (
            "missing_dependency",
            "needy",
            "the regularizer 'needy' of bad-missing-dependency 1.0 (bad_missing_dependency:needy) "
            "cannot be loaded: ModuleNotFoundError: No module named 'a_package_that_nobody_has'\n"
            "  Install the package that has the module 'a_package_that_nobody_has', or switch the plugin "
            "off: "
            "KPLUG_DISABLE=bad-missing-dependency.",
        ),
        (
            "missing_target",
            "absent",
            "the regularizer 'absent' of bad-missing-target 1.0 (bad_missing_target:absent) cannot be "
            "loaded: AttributeError: module 'bad_missing_target' has no attribute 'absent'\n"
            "  Mend or upgrade bad-missing-target, or switch the plugin off: "
            "KPLUG_DISABLE=bad-missing-target.",
        ),
        (
            "missing_target",
            "nowhere",
            "the regularizer 'nowhere' of bad-missing-target 1.0 (bad_missing_target.inner:nowhere) "
            "cannot be loaded: TargetError: 'bad_missing_target.inner' is a module neither of "
            "bad-missing-target nor of a package that it requires\n"
            "  Mend or upgrade bad-missing-target, or switch the plugin off: "
            "KPLUG_DISABLE=bad-missing-target.",
        ),
    ],
)
def test_component_that_cannot_be_loaded(
    everything: Sandbox, name: str, ref: str, message: str
) -> None:
    for _ in range(2):  # the second time from memory
        with pytest.raises(PluginLoadError) as caught:
            resolve("regularizer", ref)
        assert str(caught.value) == message
        assert caught.value.__cause__ is not None
    _check_that_the_others_work()


def test_component_of_a_bad_module_of_hooks_stays_usable(everything: Sandbox) -> None:
    assert resolve("regularizer", "spelling").object("w") == 1.0


def test_unknown_name_lists_what_could_not_be_read(everything: Sandbox) -> None:
    with pytest.raises(UnknownComponentError) as caught:
        resolve("regularizer", "no_such_thing")
    lines = str(caught.value).splitlines()
    assert lines[0] == "no regularizer is named 'no_such_thing'"
    assert lines[2:] == [
        f"  Not read: {owner} 1.0: {text}"
        for owner, texts in sorted(PROBLEMS.values())
        for text in texts
    ]


def test_two_distributions_with_one_name(everything: Sandbox) -> None:
    with pytest.raises(AmbiguousComponentError) as caught:
        resolve("regularizer", "contested")
    assert str(caught.value) == (
        "the regularizer 'contested' is offered by 2 plugins: "
        "bad-same-name-one/contested (bad-same-name-one 1.0), "
        "bad-same-name-two/contested (bad-same-name-two 1.0)\n"
        "  Write 'bad-same-name-one/contested', or prefer one: KPLUG_PREFER=bad-same-name-one"
    )
    assert everything.imported() == {"good_plugin_hooks", *_modules_of_hooks()}
    assert resolve("regularizer", "bad-same-name-two/contested").object("w") == "two"
    kplug.prefer("bad-same-name-one")
    assert resolve("regularizer", "contested").object("w") == "one"


def test_name_with_two_objects_in_one_distribution(everything: Sandbox) -> None:
    assert resolve("regularizer", "unique").object("w") == 0.0
    with pytest.raises(UnknownComponentError) as unknown:
        resolve("regularizer", "twice")
    (problem,) = PROBLEMS["duplicate_name"][1]
    assert str(unknown.value) == (
        f"no regularizer is named 'twice'\n  Not read: bad-duplicate-name 1.0: {problem}"
    )
    with pytest.raises(PluginLoadError) as caught:
        resolve("regularizer", "bad-duplicate-name/twice")
    assert str(caught.value) == (
        f"bad-duplicate-name 1.0 may offer the regularizer 'twice', but {problem}\n"
        "  Mend or upgrade bad-duplicate-name."
    )


@pytest.mark.torch
def test_name_that_shadows_adam(everything: Sandbox) -> None:
    with pytest.warns(ShadowedComponentWarning) as caught:
        assert resolve("optimizer", "adam").component.qualified_name == "kplug/adam"
    assert [str(item.message) for item in caught] == [
        "the optimizer 'adam' is kplug's own; 'bad-shadows-adam/adam' (bad-shadows-adam 1.0) has the "
        "same name and is used only by that one. To prefer it: KPLUG_PREFER=bad-shadows-adam"
    ]
    assert "bad_shadows_adam" not in _marks(everything)


def _modules_of_hooks() -> set[str]:
    """Those that were imported, and are none the worse for it."""
    return {"bad_misspelt_hook_hooks", "bad_wrong_hook_signature", "bad_wrong_return_type"}


@pytest.mark.torch
def test_component_that_nobody_uses_is_never_imported(everything: Sandbox) -> None:
    for kind in KINDS.values():
        REGISTRY.components(kind)
    REGISTRY.problems()
    resolve("regularizer", "l2")
    assert _marks(everything) == {"good_plugin_hooks"}
    assert everything.imported() == {"good_plugin_hooks", *_modules_of_hooks()}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KPLUG_DISABLE", "good-plugin"),
        ("KPLUG_PLUGINS", "bad-shadows-adam"),
        ("KPLUG_PLUGINS", ""),
        ("KPLUG_AUTOLOAD", "0"),
    ],
)
def test_disabled_plugin_is_never_imported(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    kplug.reload()
    for kind in KINDS.values():
        REGISTRY.components(kind)
    REGISTRY.problems()
    for ref in ("puddle", "good-plugin/puddle", "good-plugin/brook"):
        with pytest.raises(DisabledComponentError):
            resolve("regularizer", ref)
    with pytest.raises(UnknownComponentError):  # only its hooks could tell
        resolve("regularizer", "brook")
    assert _marks(good) == set()
    assert good.imported() == set()


def test_plugin_disabled_by_the_project_is_never_imported(good: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.kplug]\ndisable = ['good-plugin']\n")
    kplug.reload()
    with pytest.raises(DisabledComponentError, match=r"'disable' in .*pyproject\.toml names it"):
        resolve("regularizer", "puddle")
    assert _marks(good) == set()


@pytest.mark.torch
def test_disabling_a_broken_plugin_silences_it(
    everything: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", ",".join(owner for owner, _ in PROBLEMS.values()))
    kplug.reload()
    assert REGISTRY.problems() == []
    assert resolve("optimizer", "adam").component.qualified_name == "kplug/adam"
    _check_that_the_others_work()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("KPLUG_DISABLE_PLUGINS", ""),
        ("KPLUG_POLICY", ""),
        ("OTHER", "[tool.kplug\n"),
        ("OTHER", "[tool.k-plug]\ndisable = ['good-plugin']"),
        ("OTHER", "[tool.kplug]\nplugin = ['good-plugin']"),
    ],
)
@pytest.mark.torch
def test_settings_in_error_let_no_plugin_load_and_leave_the_built_ins(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, "good-plugin")
    (tmp_path / "pyproject.toml").write_text(text)
    kplug.reload()
    for ref in ("puddle", "good-plugin/puddle", "brook", "good-plugin/brook"):
        with pytest.raises(PolicyError):
            resolve("regularizer", ref)
    assert look_up(get_kind("optimizer"), Spec("adam")).component.qualified_name == "kplug/adam"
    assert good.imported() == set()
    (problem,) = REGISTRY.problems()
    assert str(problem).startswith(f"kplug {kplug.__version__}: no plugin may load: ")
    assert f"broken: {problem}" in " ".join(_list("regularizers").split())
    assert json.loads(_list("--json"))["problems"][0]["message"] == problem.message


@pytest.mark.torch
def test_settings_in_error_leave_a_model_of_built_ins(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_BLOCK", "good-plugin")
    kplug.reload()
    model = kplug.Sequential([kplug.layers.Dense(1, input_shape=(2,))])
    model.compile("adam", "mse")
    assert model.predict([[1.0, 2.0]], verbose=0).shape == (1, 1)
    with pytest.raises(
        PolicyError, match=r"^loss: the loss 'puddle' is not built in, and no plugin"
    ):
        model.compile("adam", "puddle")


@pytest.mark.parametrize(
    ("variable", "name", "messages"),
    [
        (
            "KPLUG_DISABLE",
            "puddle",
            ["the regularizer 'puddle' belongs to good-plugin 1.0, which is"],
        ),
        (
            "KPLUG_DISABLE",
            "brook",
            [
                "no component is named 'brook'",
                "  `kplug list` shows what is installed.",
                "  good-plugin 1.0 may offer it, but is switched off: KPLUG_DISABLE names it",
            ],
        ),
        (
            "KPLUG_BLOCK",
            "brook",
            ["the initializer 'brook' is not built in, and no plugin may load"],
        ),
    ],
)
def test_show_says_what_is_switched_off(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str, name: str, messages: list[str]
) -> None:
    monkeypatch.setenv(variable, "good-plugin")
    kplug.reload()
    with pytest.raises(kplug.KplugError) as caught:
        show(name)
    lines = str(caught.value).splitlines()
    assert all(map(str.startswith, lines, messages))
    assert len(lines) >= len(messages)


def test_show_finds_a_built_in_beside_a_component_that_is_switched_off(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good("my-plugin", entry_points={"kplug.initializers": {"auc": "m:auc"}})
    monkeypatch.setenv("KPLUG_DISABLE", "my-plugin")
    kplug.reload()
    monkeypatch.setattr(
        "kplug.cli.show.describe", lambda _, component: {"target": component.location}
    )
    show("auc", as_json=True)  # a metric, of which nothing is drawn
    (found,) = json.loads(capsys.readouterr().out)["components"]
    assert found["target"] == "kplug.metrics.auc:AUC"


def _list(*arguments: str, status: int = 0) -> str:
    app = typer.Typer()
    app.command()(list_components)
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert result.exit_code == status, result.output
    return result.stdout


SHY = """
import kplug

class ShyError(Exception):
    def __str__(self):
        raise RuntimeError

@kplug.hookimpl
def kplug_regularizers():
    raise ShyError
"""


def test_an_exception_that_cannot_be_shown_does_not_break_the_list(install: Sandbox) -> None:
    install("shy", entry_points={"kplug": {"p": "shy_hooks"}}, modules={"shy_hooks.py": SHY})
    output = " ".join(_list("regularizers").split())
    assert "broken: shy 1.0: kplug_regularizers raised ShyError" in output
    with pytest.raises(UnknownComponentError, match=r"Not read: shy 1\.0: .* raised ShyError"):
        resolve("regularizer", "puddle")


def test_list_says_what_is_wrong(everything: Sandbox) -> None:
    output = _list("regularizers")
    for owner, texts in PROBLEMS.values():
        for text in texts:
            assert f"broken: {owner} 1.0: {text}" in " ".join(output.split())
    assert "puddle" in output
    assert "good_plugin" not in _marks(everything)


def test_list_as_json(everything: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "bad-same-name-two")
    kplug.reload()
    data: dict[str, Any] = json.loads(_list("--json"))
    assert [(item["distribution"], item["message"]) for item in data["problems"]] == [
        (owner, text) for owner, texts in sorted(PROBLEMS.values()) for text in texts
    ]
    assert data["disabled"] == [
        {
            "distribution": "bad-same-name-two",
            "version": "1.0",
            "reason": "KPLUG_DISABLE names it",
        }
    ]
    names = {item["qualified_name"] for item in data["components"]}
    assert {"kplug/adam", "good-plugin/brook", "bad-import-error/soggy"} <= names
    assert _marks(everything) == {"good_plugin_hooks"}


BROKEN = {
    "bad-import-error/soggy": "ImportError: the compiled part of this package was built for another Python",
    "bad-missing-dependency/needy": "ModuleNotFoundError: No module named 'a_package_that_nobody_has'",
    "bad-missing-target/absent": "AttributeError: module 'bad_missing_target' has no attribute 'absent'",
    "bad-missing-target/nowhere": "TargetError: 'bad_missing_target.inner' is a module neither of "
    "bad-missing-target nor of a package that it requires",
    "bad-system-exit/leaving": "SystemExit: usage: bad-system-exit FILE",
}


@pytest.mark.torch
def test_check_finds_every_target_that_does_not_load(everything: Sandbox) -> None:
    data = json.loads(_list("regularizers", "--check", "--json", status=1))
    assert {item["qualified_name"]: item["message"] for item in data["broken"]} == {
        name: f"the regularizer {name.partition('/')[2]!r} of {name.partition('/')[0]} 1.0 "
        f"({target[name]}) cannot be loaded: {cause}"
        for target in [{item["qualified_name"]: item["target"] for item in data["components"]}]
        for name, cause in BROKEN.items()
    }
    lines = _list("regularizers", "--check", status=1).splitlines()
    assert [line for line in lines if line.startswith("broken: the regularizer")] == [
        f"broken: {item['message']}" for item in data["broken"]
    ]


@pytest.mark.torch
def test_check_of_what_is_right(good: Sandbox) -> None:
    assert "broken" not in _list("regularizers", "--check")
    assert json.loads(_list("regularizers", "--check", "--json"))["broken"] == []
    assert "broken" not in json.loads(_list("regularizers", "--json"))


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("raise OSError\n", 1),
        ("import kplug\nkplug.resolve('loss', 'mse')\n", 0),
    ],
    ids=["broken", "advice"],
)
@pytest.mark.torch
def test_check_counts_what_is_broken_and_no_advice(good: Sandbox, source: str, status: int) -> None:
    good("my-plugin", entry_points={"kplug": {"x": "my_hooks"}}, modules={"my_hooks.py": source})
    _list("regularizers", "--check", status=status)


@pytest.mark.torch
def test_what_a_module_prints_is_no_json(good: Sandbox) -> None:
    good(
        "my-plugin",
        entry_points={"kplug.losses": {"pond": "my_plugin:pond"}},
        modules={"my_plugin.py": "print('hello')\ndef pond(y_true, y_pred):\n    return 0\n"},
    )
    assert json.loads(_list("losses", "--check", "--json"))["broken"] == []


def test_a_hook_with_a_bad_summary_costs_the_listing_nothing(good: Sandbox) -> None:
    good(
        "my-plugin",
        entry_points={"kplug": {"x": "my_hooks"}},
        modules={
            "my_hooks.py": "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
            "    return {'pond': kplug.Component('pond', 'm:pond', summary=None)}\n",
        },
    )
    assert "puddle" in _list("--all")
    assert good.problems("my-plugin") == [
        "kplug_losses raised RegistrationError: the summary of 'pond' is None"
    ]


def test_kind_of_the_built_ins_is_untouched(everything: Sandbox) -> None:
    built_in = {item.name for item in REGISTRY.components(get_kind("optimizer"))}
    assert {"adam", "sgd", "adamw"} <= built_in
