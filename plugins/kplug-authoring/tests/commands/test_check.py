"""``kplug check``: its selection, its findings and its reports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import torch
from kplug_authoring.commands.check import badge, printing
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution

GOOD = '''
from torch import Tensor


def shrink(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Penalise size.

    Args:
        weight_matrix: The weight.
        strength: The price.
    """
    return strength * weight_matrix.abs().sum()


def squeeze(weight_matrix: Tensor, strength: float) -> Tensor:
    """Penalise size.

    :param weight_matrix: The weight.
    :param float strength: The price.
    """
    print("this is no report")
    return strength * weight_matrix.square().sum()
'''
BAD = '''
import sys


def clamped(weight_matrix, limit=1.0):
    """Move weights. It changes them in place."""
    return weight_matrix.clamp_(-limit, limit)


def silent(weight_matrix, limit=1.0):
    return weight_matrix.clamp(-limit, limit)


def leaving(weight_matrix):
    """Leave."""
    sys.exit(0)
'''


def check(*arguments: str, status: int) -> str:
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.stdout if status < 2 else result.stderr


def read(*arguments: str, status: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check(*arguments, "--json", status=status))
    return found


def findings(*arguments: str, status: int = 1) -> list[tuple[str, str, str]]:
    return [
        (found["rule"], found["level"], found["message"])
        for found in read(*arguments, status=status)["findings"]
    ]


def failures(data: dict[str, Any]) -> dict[str, list[str]]:
    """Return the checks that fail, by component."""
    return {
        component["name"]: [found["name"] for found in component["checks"] if not found["passed"]]
        for component in data["components"]
    }


@pytest.fixture
def good(install: Sandbox) -> Sandbox:
    install(
        "kplug-good",
        entry_points={"kplug.regularizers": {"shrink": "good:shrink", "squeeze": "good:squeeze"}},
        modules={"good.py": GOOD},
    )
    return install


@pytest.fixture
def bad(install: Sandbox) -> Sandbox:
    names = ("clamped", "silent", "leaving")
    install(
        "kplug-bad",
        entry_points={"kplug.constraints": {name: f"bad_one:{name}" for name in names}},
        modules={"bad_one.py": BAD},
    )
    return install


# --- What is selected -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["Kplug_Good"], ["shrink", "squeeze"]),
        (["shrink"], ["shrink"]),
        (["Kplug.Good/Shrink"], ["shrink"]),
        (["regularizers/shrink"], ["shrink"]),
        (["regularizer/kplug-good/shrink"], ["shrink"]),
        (["kplug/max_norm"], ["max_norm"]),
        ([], ["shrink", "squeeze"]),
    ],
)
def test_what_is_named_is_checked(good: Sandbox, asked: list[str], names: list[str]) -> None:
    examples = ["--example", "squeeze(strength=0.5)"] if "squeeze" in names else []
    data = read(*asked, *examples, status=0)
    assert [component["name"] for component in data["components"]] == names
    assert data["passed"] is True
    assert data["asked"] == (asked[0] if asked else None)


def test_a_bare_name_means_all_who_have_it(good: Sandbox) -> None:
    good(
        "other", entry_points={"kplug.regularizers": {"shrink": "o:shrink"}}, modules={"o.py": GOOD}
    )
    found = read("shrink", status=0)["components"]
    assert [one["distribution"] for one in found] == ["kplug-good", "other"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            ["kplug-goods"],
            "no installed distribution and no component is named 'kplug-goods'\n  Did you mean "
            "'kplug-good'? `kplug list` shows what is installed.",
        ),
        (["loss/shrink"], "no installed distribution and no component is named 'loss/shrink'"),
        (["a/b/c/shrink"], "no installed distribution and no component is named 'a/b/c/shrink'"),
        (["empty"], "empty is installed and offers no component to kplug"),
        (["shrink", "--example", "shrink("], "cannot read the spec 'shrink('"),
        (["shrink", "--example", "shrink(0.5)"], "'shrink(0.5)' gives arguments by position"),
        (["shrink", "--example", "grow(a=1)"], "'grow(a=1)' is for no component that is checked"),
        (["shrink", "--junit", "no/such/file.xml"], "there is no folder for 'no/such/file.xml'"),
        (["shrink", "--junit", "."], "'.' is a folder"),
        (["kplug-good", "--badge", "no/badge.svg"], "there is no folder for 'no/badge.svg'"),
        (["shrink", "--badge", "badge.svg"], "a badge is of one distribution"),
        (["shrink", "--level", "platinum"], "there is no level 'platinum'"),
        (["shrink", "--accept"], "--accept records the numbers of one distribution"),
        (["kplug-good", "--accept"], "kplug-good is not installed in editable mode"),
        ([""], "no installed distribution and no component is named ''"),
    ],
)
def test_what_cannot_be_checked_ends_with_status_2(
    good: Sandbox, asked: list[str], message: str
) -> None:
    good("empty")
    assert f"kplug: {message}" in check(*asked, status=2).replace("the example ", "")


def test_without_any_plugin_there_is_nothing_to_check() -> None:
    assert "no plugin is installed, so there is nothing to check" in check(status=2)


def test_a_distribution_that_is_switched_off_is_not_checked(
    good: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-good")
    good.changed()
    message = check("kplug-good", status=2)
    assert "kplug-good is switched off, so it cannot be checked: KPLUG_DISABLE" in message
    assert good.imported() == set()


# --- What is found --------------------------------------------------------------------------------------


def test_a_missing_example_is_one_message(good: Sandbox) -> None:
    assert check("squeeze", status=1) == (
        "failed  regularizer  kplug-good/squeeze  0 of 1  no level\n\n"
        "failed: the regularizer kplug-good/squeeze (good:squeeze), check 'made'\n"
        "  squeeze needs 'strength'\n"
        "  Say what it is made with: @kplug.example({'strength': …}) above it, or --example "
        "'squeeze(strength=…)'.\n\n"
        "level of the regularizer kplug-good/squeeze: none\n"
        "  for bronze: made (failed); config (not run)\n\n"
        "1 component, 0 of 1 check passed\n"
    )


def test_an_example_on_the_component_is_enough(install: Sandbox) -> None:
    mark = "@kplug.example({'strength': 0.5})\n"
    install(
        "kplug-marked",
        entry_points={"kplug.regularizers": {"squeeze": "marked:squeeze"}},
        modules={"marked.py": "import kplug\n" + GOOD.replace("def squeeze", f"{mark}def squeeze")},
    )
    (component,) = read("kplug-marked", status=0)["components"]
    assert {found["example"] for found in component["checks"]} == {'{"strength": 0.5}'}


def test_what_the_author_leaves_out_is_told(install: Sandbox, tmp_path: Path) -> None:
    mark = "@kplug.example({'strength': 0.5}, leave_out={'zero': 'nothing to add'})\n"
    install(
        "kplug-marked",
        entry_points={"kplug.regularizers": {"squeeze": "marked:squeeze"}},
        modules={"marked.py": "import kplug\n" + GOOD.replace("def squeeze", f"{mark}def squeeze")},
    )
    told = check("squeeze", "--junit", "report.xml", status=0)
    (component,) = read("squeeze", status=0)["components"]
    count = len(component["checks"])
    assert told == (
        f"passed  regularizer  kplug-marked/squeeze  {count} of {count}, 1 left out  silver\n\n"
        "left out: the regularizer kplug-marked/squeeze (marked:squeeze), check 'zero'\n"
        "  nothing to add\n\n"
        "level of the regularizer kplug-marked/squeeze: silver\n"
        f"  for gold: {', '.join(FURTHER)} (not run)\n\n"
        f"1 component, {count} of {count} checks passed, 1 left out\n"
    )
    assert component["left_out"] == {"zero": "nothing to add"}
    assert "left out: nothing to add" in (tmp_path / "report.xml").read_text()
    assert "left out" not in check("squeeze", "--example", "squeeze(strength=1.0)", status=0)


HOOKS = """
import kplug

@kplug.hookimpl
def kplug_regularizers():
    return {"squeeze": kplug.Component("squeeze", "tabled:squeeze", example="tabled:TABLE")}
"""


@pytest.mark.parametrize(
    ("table", "status"), [("TABLE = {'squeeze': {'strength': 0.5}}", 0), ("", 1)]
)
def test_an_example_in_a_table_is_found(install: Sandbox, table: str, status: int) -> None:
    install(
        "kplug-tabled",
        entry_points={"kplug": {"plugin": "tabled_hooks"}},
        modules={"tabled_hooks.py": HOOKS, "tabled.py": f"{GOOD}\n{table}\n"},
    )
    data = read("kplug-tabled", status=status)
    assert [found["rule"] for found in data["findings"]] == ["import"] * status
    (component,) = data["components"]
    examples = {found["example"] for found in component["checks"]}
    assert examples == (set() if status else {'{"strength": 0.5}'})


def test_each_example_is_checked(good: Sandbox) -> None:
    examples = ["squeeze(strength=0.5)", "kplug-good/squeeze(strength=0.25)"]
    options = [part for example in examples for part in ("--example", example)]
    (component,) = read("squeeze", *options, status=0)["components"]
    assert {found["example"] for found in component["checks"]} == {
        '{"strength": 0.5}',
        '{"strength": 0.25}',
    }


def test_a_broken_contract_names_the_check_and_the_rest_goes_on(bad: Sandbox) -> None:
    found = failures(read("kplug-bad"))
    assert found["clamped"] == ["inputs"]
    assert found["silent"] == []
    assert found[
        "leaving"
    ]  # sys.exit(0) in a component does not end the command, least of all well


def test_arguments_without_documentation_or_types_are_warnings(bad: Sandbox) -> None:
    bad.uninstall("kplug-bad")
    bad(
        "quiet",
        entry_points={"kplug.constraints": {"silent": "bad_one:silent"}},
        modules={"bad_one.py": BAD},
    )
    expected = [
        (
            "documentation",
            "warning",
            "it has no documentation, and so no summary in `kplug list`",
        ),
        ("types", "warning", "it has no type for 'weight_matrix', 'limit'"),
    ]
    assert findings("quiet", status=0) == expected
    assert findings("quiet", "--strict", status=1) == expected


def test_an_argument_that_is_not_described_is_named(bad: Sandbox) -> None:
    assert (
        "documentation",
        "warning",
        "its documentation does not describe 'limit'",
    ) in findings("clamped")


@pytest.mark.parametrize(
    ("entry_points", "modules", "rule", "message"),
    [
        (
            {"kplug.loses": {"a": "broken:a"}},
            {},
            "declaration",
            "its entry points in the group 'kplug.loses' are not read, as there is no such group. Did "
            "you mean 'kplug.losses'?",
        ),
        (
            {"kplug.losses": {"a": "broken:no_such"}},
            {"broken.py": ""},
            "import",
            "the loss 'a' of broken 1.0 (broken:no_such) cannot be loaded: AttributeError: module "
            "'broken' has no attribute 'no_such'",
        ),
        (
            {"kplug.losses": {"a": "broken:a"}},
            {"broken.py": "raise SystemExit(0)"},
            "import",
            "the loss 'a' of broken 1.0 (broken:a) cannot be loaded: SystemExit: 0",
        ),
        (
            {"kplug": {"hooks": "broken"}},
            {"broken.py": "import no_such_module"},
            "declaration",
            "its module of hooks cannot be imported: ModuleNotFoundError: No module named",
        ),
    ],
)
def test_a_broken_distribution_fails(
    install: Sandbox, entry_points: Any, modules: dict[str, str], rule: str, message: str
) -> None:
    install("broken", entry_points=entry_points, modules=modules)
    (found,) = findings("broken")
    assert found[:2] == (rule, "error")
    assert message in found[2]


def test_the_commands_of_a_plugin_are_imported(install: Sandbox) -> None:
    targets = {"fine": "tools:fine", "gone": "tools:gone", "text": "tools:text"}
    install(
        "kplug-tools",
        entry_points={"kplug.commands": targets},
        modules={"tools.py": "text = 'none'\n\n\ndef fine() -> None: ...\n"},
    )
    first, second = findings("kplug-tools")
    assert "the command 'gone' of kplug-tools 1.0 (tools:gone) cannot be loaded" in first[2]
    assert "'none' is none" in second[2]


@pytest.mark.slow
def test_torch_in_a_light_module_is_a_warning(tmp_path: Path) -> None:
    """In a process of its own, as torch is imported here already."""
    site = tmp_path / "site"
    info = site / "heavy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: heavy\nVersion: 1.0\n")
    (info / "RECORD").write_text("heavy.py,,\ngood.py,,\n")
    (info / "entry_points.txt").write_text("[kplug]\nhooks = heavy\n")
    (site / "good.py").write_text(GOOD)
    (site / "heavy.py").write_text(
        "import torch\nimport kplug\n\n\n@kplug.hookimpl\ndef kplug_regularizers():\n"
        "    return {'shrink': 'good:shrink'}\n"
    )
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from kplug.cli import main; main()"
    command = [sys.executable, "-c", code, "check", "heavy", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["rule"], found["level"]) == ("light module", "warning")
    assert "its module of hooks 'heavy' imports torch (" in found["message"]


# --- Levels ---------------------------------------------------------------------------------------------


def levels(data: dict[str, Any]) -> dict[str, tuple[str | None, list[str]]]:
    return {one["name"]: (one["level"], one["missing"]) for one in data["components"]}


FURTHER = [
    *("argument_values", "other_inputs", "input_sizes"),
    *("compiled", "processes", "numbers", "reference"),
]


def test_a_component_that_keeps_the_contract_is_silver(good: Sandbox) -> None:
    data = read("kplug-good", "--example", "squeeze(strength=0.5)", status=0)
    assert levels(data) == {"shrink": ("silver", FURTHER), "squeeze": ("silver", FURTHER)}
    assert [one["level"] for one in data["distributions"]] == ["silver"]
    assert data["level"] is None


def test_a_distribution_has_the_lowest_level_of_its_components(good: Sandbox) -> None:
    data = read("kplug-good")
    assert levels(data) == {"shrink": ("silver", FURTHER), "squeeze": (None, ["made", "config"])}
    assert [one["level"] for one in data["distributions"]] == [None]
    told = check("kplug-good", status=1)
    assert "level of kplug-good: none\n  for bronze: made (failed); config (not run)\n" in told


def test_a_part_of_a_distribution_says_nothing_of_the_whole(good: Sandbox) -> None:
    assert [one["level"] for one in read("shrink", status=0)["distributions"]] == [None]


def test_a_broken_contract_is_bronze(bad: Sandbox) -> None:
    assert levels(read("clamped"))["clamped"] == ("bronze", ["inputs"])


@pytest.mark.parametrize(("level", "status"), [("bronze", 0), ("silver", 1)])
def test_a_level_is_asked_for(bad: Sandbox, level: str, status: int) -> None:
    data = read("clamped", "--level", level, status=status)
    assert data["level"] == level
    names = [one["name"] for one in data["components"][0]["checks"]]
    assert (names == ["made", "config"]) == (level == "bronze")
    assert "half" not in names


@pytest.mark.slow
def test_gold_is_reached_with_reasons_for_what_is_left_out(
    install: Sandbox, tmp_path: Path
) -> None:
    mark = "@kplug.example(leave_out={'reference': 'nobody has it', 'numbers': 'too new'})\n"
    install(
        "kplug-marked",
        entry_points={"kplug.regularizers": {"shrink": "marked:shrink"}},
        modules={"marked.py": "import kplug\n" + GOOD.replace("def shrink", f"{mark}def shrink")},
    )
    told = check("kplug-marked", "--level", "gold", "--badge", "level.svg", status=0)
    assert "level of kplug-marked: gold\n\n1 component" in told
    assert "check 'reference'\n  nobody has it" in told
    root = ET.parse(tmp_path / "level.svg").getroot()
    assert root.get("aria-label") == "kplug: gold"


def test_what_a_component_costs_and_equals(install: Sandbox) -> None:
    install(
        "kplug-double",
        entry_points={
            "kplug.activations": {name: f"double:{name}" for name in ("double", "odd", "wrong")}
        },
        modules={
            "double.py": "import kplug\n"
            "@kplug.example(reference='torch.nn:Identity')\n"
            "def double(x):\n    return x + x\n"
            "def odd(x):\n    return None\n"
            "def wrong(x):\n    return x + x.mean()\n"
        },
    )
    double, odd, wrong = read("kplug-double")["components"]
    assert double["reference"] == f"torch.nn:Identity (torch {version('torch')})"
    assert re.fullmatch(
        r"One call with its gradient takes \d+ operations of torch, [\d.]+ times those of kplug/relu.",
        double["cost"],
    )
    assert (odd["reference"], odd["cost"]) == (None, "")
    assert not all(one["passed"] for one in wrong["checks"])
    assert wrong["cost"]  # what fails a check can be called


def test_a_badge_shows_the_level(good: Sandbox, tmp_path: Path) -> None:
    check("kplug-good", "--badge", "level.svg", status=1)
    root = ET.parse(tmp_path / "level.svg").getroot()
    assert root.get("aria-label") == "kplug: no level"
    assert [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")] == [
        "kplug",
        "no level",
    ]


@pytest.mark.parametrize("level", [None, "bronze", "silver", "gold"])
def test_white_text_on_a_badge_can_be_read(level: Any) -> None:
    colours = re.findall(r'fill="#(\w+)"', badge.draw_badge(level))
    for colour in (one for one in colours if one != "fff"):
        red, green, blue = (
            (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
            for value in (
                int(part * (2 // len(part)), 16) / 255
                for part in re.findall("." * (len(colour) // 3), colour)
            )
        )
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_numbers_that_changed_fail_until_they_are_accepted(install: Sandbox) -> None:
    install(
        "kplug-good",
        entry_points={"kplug.regularizers": {"shrink": "good_package:shrink"}},
        modules={"good_package/__init__.py": GOOD},
    )
    url = {"url": install.folder.as_uri(), "dir_info": {"editable": True}}
    (install.info("kplug-good", "1.0") / "direct_url.json").write_text(json.dumps(url))
    data = read("kplug-good", "--accept", status=0)
    assert data["accepted"] == []
    assert (install.folder / "good_package" / "numbers.json").is_file()
    assert "numbers" in [one["name"] for one in data["components"][0]["checks"]]

    module = install.folder / "good_package" / "__init__.py"
    module.write_text(GOOD.replace("strength * weight", "2 * strength * weight"))
    shutil.rmtree(module.parent / "__pycache__", ignore_errors=True)
    sys.modules.pop("good_package")
    install.changed()
    assert failures(read("kplug-good")) == {"shrink": ["numbers"]}
    told = check("kplug-good", "--accept", status=0)
    assert "recorded anew: differs: regularizer kplug-good/shrink: " in told
    assert "Say in the changelog that the numbers have changed." in told
    assert failures(read("kplug-good", status=0)) == {"shrink": []}


@pytest.mark.parametrize(
    ("lifecycle", "message"),
    [
        ("deprecated", "it is deprecated, and names no successor"),
        ("deprecated:shrnk", "its successor 'shrnk' is no regularizer here"),
        ("archived:kplug.l2", None),
        ("stable", None),
    ],
)
@pytest.mark.filterwarnings("ignore::kplug.errors.DeprecatedComponentWarning")
def test_lifecycles_are_shown(install: Sandbox, lifecycle: str, message: str | None) -> None:
    install(
        "kplug-good",
        entry_points={
            "kplug.regularizers": {"shrink": "good:shrink"},
            "kplug.lifecycle": {"regularizer.shrink": lifecycle},
        },
        modules={"good.py": GOOD},
    )
    stage, _, successor = lifecycle.replace("kplug.", "kplug/").partition(":")
    data = read("shrink", status=0)
    (component,) = data["components"]
    assert (component["lifecycle"], component["successor"]) == (stage, successor or None)
    assert [found["message"] for found in data["findings"]] == ([message] if message else [])
    assert check("shrink", status=0).splitlines()[0].endswith(f"  silver  {stage}")


# --- How it is told -------------------------------------------------------------------------------------


def test_json_has_the_documented_keys(bad: Sandbox) -> None:
    data = read("clamped")
    document = (Path(__file__).parents[4] / "docs" / "plugins" / "contract.md").read_text()
    section = document.partition("`kplug check --json`")[2].partition("\n## ")[0]
    component, finding = data["components"][0], data["findings"][0]
    assert data["schema"] == 1
    for keys in (data, component, component["checks"][0], finding, data["distributions"][0]):
        assert all(f"`{key}`" in section for key in keys), set(keys)


def test_json_says_which_build_was_checked_with_what(good: Sandbox) -> None:
    data = read("squeeze", "--example", "squeeze(strength=0.5)", status=0)
    (build,) = data["distributions"]
    shown = json.loads(CliRunner().invoke(app, ["env", "--json"]).stdout)["plugins"]
    (plugin,) = (row for row in shown if row["distribution"] == build["name"])
    found = {key: build[key] for key in ("name", "version", "hash")}
    assert found == {"name": "kplug-good", "version": "1.0", "hash": plugin["hash"]}
    assert (data["kplug"], data["torch"]) == (kplug.__version__, torch.__version__)
    age = datetime.now(timezone.utc) - datetime.fromisoformat(data["date"].replace("Z", "+00:00"))
    assert timedelta() <= age < timedelta(minutes=5)


def test_json_is_all_that_is_printed(good: Sandbox) -> None:
    read("squeeze", "--example", "squeeze(strength=0.5)", status=0)


def test_junit_counts_what_fails(bad: Sandbox, tmp_path: Path) -> None:
    check("clamped", "--junit", "report.xml", status=1)
    suite = ET.parse(tmp_path / "report.xml").getroot()[0]
    failed = [case for case in suite if case.find("failure") is not None]
    assert suite.attrib == {
        "name": "clamped",
        "tests": str(len(suite)),
        "failures": "1",
        "skipped": "2",
    }
    assert [case.attrib for case in failed] == [
        {"classname": "kplug-bad.constraint.clamped", "name": "inputs {}"}
    ]
    text = failed[0][0].text or ""
    assert "expected inputs that are as before after the call; found: " in text
    assert "Use x.clamp, not x.clamp_" in text


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (60, ["passed  regularizer  kplug-good/shrink  # of #  silver"]),
        (24, ["passed  regularizer", "  kplug-good/shrink  #", "  of #  silver"]),
    ],
)
def test_a_terminal_gets_rows_without_a_broken_name(
    good: Sandbox, width: int, row: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "find_width", lambda: width)
    told = re.sub(r"\b\d+\b", "#", check("shrink", status=0))
    assert told.splitlines()[: len(row)] == row
