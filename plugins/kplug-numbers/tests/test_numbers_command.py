"""``kplug numbers``: what authors and users see."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_numbers import checking, making, wheel_numbers
from kplug_numbers.checking import check_component, list_keys
from kplug_numbers.errors import ReadingError
from kplug_numbers.numbers_file import NumbersFile
from kplug_numbers.reading import Reading
from kplug_numbers.recipes.recorder import Recorder
from typer.testing import CliRunner

from kplug import Component, get_kind, parse_spec
from kplug.cli.app import app
from kplug.errors import KplugError
from kplug.inspection import find_component
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

SOURCE = """
import random
import torch
import kplug


def dice(y_true, y_pred, smooth=1.0, at_ties=0.0):
    distance = y_pred - y_true
    sign = torch.where(distance == 0, at_ties, distance.sign()).detach()
    return (distance * sign).mean(-1) * smooth


def chance(x):
    print("this is no report")
    return x * random.random()


@kplug.example({"strength": 2.0})
def shrink(weight_matrix, strength):
    return strength * weight_matrix.abs().sum()
"""
ENTRY_POINTS = {
    "kplug.losses": {"dice": "acme:dice"},
    "kplug.activations": {"chance": "acme:chance"},
    "kplug.regularizers": {"shrink": "acme:shrink"},
}


@pytest.fixture
def acme(install: Sandbox) -> Path:
    """Install an editable distribution of three components; return its package."""
    install.expose("kplug-numbers")
    install("acme", entry_points=ENTRY_POINTS, modules={"acme/__init__.py": SOURCE})
    url = {"url": install.folder.as_uri(), "dir_info": {"editable": True}}
    (install.info("acme", "1.0") / "direct_url.json").write_text(json.dumps(url))
    return install.folder / "acme"


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["numbers", *arguments])
    if isinstance(result.exception, KplugError) and status == 2:  # which ``kplug`` prints
        return str(result.exception)
    assert result.exit_code == status, result.output + repr(result.exception)
    return result.stdout


def change(acme: Path, old: str, new: str) -> None:
    module = acme / "__init__.py"
    module.write_text(module.read_text().replace(old, new))
    # Python takes bytecode for that of a source of the same size and second.
    shutil.rmtree(acme / "__pycache__", ignore_errors=True)
    for name in [name for name in sys.modules if name == "acme"]:
        del sys.modules[name]
    from kplug.registry import REGISTRY

    REGISTRY.reload()


def test_an_author_records_checks_and_is_told_what_changed(acme: Path) -> None:
    assert "record acme" in run("check", "acme", status=2)
    told = run("record", "acme", "--example", "dice(smooth=2.0)")
    assert "new: loss acme/dice(smooth=2.0)\n" in told
    assert "new: regularizer acme/shrink(strength=2.0)\n" in told
    assert "no reading of the activation acme/chance: it is random" in told
    assert (acme / "numbers.json").is_file()
    assert run("check", "acme") == "3 same\n"

    change(acme, "at_ties=0.0", "at_ties=1.0")
    told = run("check", "acme", status=1)
    assert told.startswith("differs: loss acme/dice(smooth=2.0): ")
    assert "exact/gradient: 0, now " in told
    assert told.endswith(("1 differs, 2 same\n", "2 same, 1 differs\n"))
    assert "differs: loss acme/dice(smooth=2.0)" in run("record", "acme")
    assert run("check", "acme") == "3 same\n"


def test_inputs_of_an_authors_example_make_no_reading(acme: Path) -> None:
    run("record", "acme")
    before = (acme / "numbers.json").read_bytes()
    change(acme, '{"strength": 2.0}', '{"strength": 2.0}, inputs=(torch.full((2, 2), 1e9),)')
    run("record", "acme")
    assert (acme / "numbers.json").read_bytes() == before


@pytest.mark.parametrize("error", ["GeneratorExit", "SystemExit(0)"])
def test_a_component_that_ends_programs_does_not_end_record(acme: Path, error: str) -> None:
    change(acme, "return x * random.random()", f"raise {error}")
    told = run("record", "acme")
    assert f"suits it; the first was refused with {error.split('(')[0]}" in told
    assert run("check", "acme") == "3 same\n"


def test_another_code_with_the_same_numbers_is_the_same(acme: Path) -> None:
    run("record", "acme")
    before = (acme / "numbers.json").read_bytes()
    change(acme, "weight_matrix.abs().sum()", "weight_matrix.abs().flatten().sum()")
    assert run("check", "acme") == "3 same\n"
    run("record", "acme")
    assert (acme / "numbers.json").read_bytes() == before


def test_what_an_older_recipe_recorded_is_compared_by_that_recipe(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("record", "acme")

    def record_again(out: Recorder) -> None:
        out.put("newer", 1.0)

    monkeypatch.setitem(making.RECIPES, "loss", (*making.RECIPES["loss"], record_again))
    assert run("check", "acme") == "3 same\n"
    assert check_component(find_own("loss", "acme/dice"))[0].outcome == "same"
    change(acme, "at_ties=0.0", "at_ties=1.0")
    assert "loss acme/dice: real/exact/gradient: 0, now " in run("check", "acme", status=1)
    run("record", "acme")
    assert '"recipe":2' in (acme / "numbers.json").read_text()
    assert run("check", "acme") == "3 same\n"


def find_own(kind: str, name: str) -> Component:
    component = find_component(get_kind(kind), parse_spec(name))
    assert component is not None
    return component


def test_what_is_new_or_gone_is_told(acme: Path, install: Sandbox) -> None:
    run("record", "acme")
    change(acme, "def shrink(", "def shrunk(")
    info = install.info("acme", "1.0") / "entry_points.txt"
    info.write_text(info.read_text().replace("shrink", "shrunk"))
    install.changed()
    data = json.loads(run("check", "acme", "--json", status=1))
    found = {row["spec"]: (row["outcome"], row["message"]) for row in data["results"]}
    assert found["acme/shrunk(strength=2.0)"] == ("not recorded", "")
    gone = ("cannot be compared", "it is not there any more")
    assert found["acme/shrink(strength=2.0)"] == gone


def test_a_damaged_file_is_refused(acme: Path) -> None:
    run("record", "acme")
    path = acme / "numbers.json"
    path.write_text(path.read_text()[:-40])
    told = run("check", "acme", status=2)
    assert "it is no JSON" in told
    assert "kplug numbers record" in told


DAMAGES: dict[str, Callable[[str], str]] = {
    "conflict markers": lambda text: text.replace(
        '\n{"format":1,"kind":"r',
        '\n<<<<<<< ours\n=======\n>>>>>>> theirs\n{"format":1,"kind":"r',
        1,
    ),
    "truncated": lambda text: text[:-4],
    "a spec that is none": lambda text: text.replace("acme/dice(", "(((", 1),
}


@pytest.mark.parametrize("damage", [*DAMAGES, "empty"])
def test_a_damaged_file_is_written_anew_with_what_is_readable(acme: Path, damage: str) -> None:
    run("record", "acme", "--example", "shrink(strength=4.0)", "--example", "dice(smooth=2.0)")
    path = acme / "numbers.json"
    text = path.read_text()
    path.write_text("" if damage == "empty" else DAMAGES[damage](text))
    assert "numbers.json: " in run("check", "acme", status=2)
    told = run("record", "acme")
    assert f"{path}: " in told
    assert "; the file is written anew, with " in told
    assert ("acme/shrink(strength=4.0)" in path.read_text()) is (damage != "empty")
    assert "numbers.json: it is" not in run("check", "acme")
    assert "anew" not in run("record", "acme")


def test_a_file_makes_no_component_of_another_distribution(acme: Path) -> None:
    run("record", "acme")
    path = acme / "numbers.json"
    path.write_text(path.read_text().replace("acme/dice", "kplug/mse"))
    told = run("check", "acme", status=1)
    assert "cannot be compared: loss kplug/mse: it is not there any more\n" in told


def _edit(path: Path, **fields: object) -> None:
    """Change the reading of the loss."""
    data = json.loads(path.read_text())
    (reading,) = (one for one in data["readings"] if one["kind"] == "loss")
    reading.update(fields)
    path.write_text(json.dumps(data))


NAN = {"real/float64/value": {"dtype": "float64", "shape": [], "sample": ["nan"]}}
EDITS: dict[str, tuple[dict[str, object], int, str]] = {
    "a newer recipe": (
        {"recipe": 9},
        1,
        "cannot be compared: loss acme/dice: recipe 9 of the kind",
    ),
    "a newer format": ({"format": 2}, 2, "has the format 2"),
    "another kind": (
        {"kind": "metric"},
        1,
        "cannot be compared: metric acme/dice: it is not there",
    ),
    "no kind at all": ({"kind": "loss\x1b[31m"}, 2, "'kind' cannot be"),
    "not a number on one side": (
        {"parts": NAN},
        1,
        "differs: loss acme/dice: real/float64/value: not",
    ),
    "no parts": ({"parts": {}}, 1, "not recorded, now there"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_reading_is_told(acme: Path, edit: str, tmp_path: Path) -> None:
    run("record", "acme")
    path, (fields, status, told) = acme / "numbers.json", EDITS[edit]
    wheels = [tmp_path / f"acme-0.{minor}-py3-none-any.whl" for minor in (1, 2)]
    for wheel in wheels:
        with zipfile.ZipFile(wheel, "w") as file:
            file.write(path, "acme/numbers.json")
        if wheel is wheels[0]:
            _edit(path, **fields)
    assert told in run("check", "acme", status=status)
    assert run("diff", *map(str, wheels), status=status)


def test_a_file_of_gigabytes_is_refused_and_recorded_anew(acme: Path) -> None:
    run("record", "acme")
    os.truncate(acme / "numbers.json", 2**33)  # takes no room on the disk
    assert "larger than 8388608 bytes" in run("check", "acme", status=2)
    assert "the file is written anew, with " in run("record", "acme")
    assert run("check", "acme") == "3 same\n"


NEEDS = {
    "a file": ("open('/no/such/file')", "FileNotFoundError"),
    "the network": ("__import__('socket').create_connection(('192.0.2.1', 9), 0.01)", "Error"),
    "a GPU": ("torch.zeros(1, device='privateuseone:0')", "Error"),
    "a minute": ("__import__('time').sleep(60)", "it takes more than 0.05 seconds"),
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize("need", NEEDS)
def test_what_a_component_needs_is_the_reason(
    acme: Path, need: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, reason = NEEDS[need]
    change(acme, "return x * random.random()", code)

    def make(kind: str, spec: str, most_seconds: float, recipe: int | None) -> Reading:
        return making.make_reading(kind, spec, most_seconds=most_seconds / 100, recipe=recipe)

    monkeypatch.setattr(checking, "make_reading", make)
    told = run("record", "acme")
    (line,) = (one for one in told.splitlines() if one.startswith("no reading of the activation"))
    assert reason in line
    assert len(line) < 700


def test_an_example_of_nothing_is_refused(acme: Path) -> None:
    assert "no component for the example 'dise'" in run(
        "record", "acme", "--example", "dise", status=2
    )
    assert not (acme / "numbers.json").exists()


def test_a_distribution_without_components_is_refused(acme: Path) -> None:
    with pytest.raises(ReadingError, match="offers no component"):
        list_keys("kplug-numbers", NumbersFile())


def test_callbacks_alone_have_nothing_to_compare(install: Sandbox) -> None:
    install.expose("kplug-numbers")
    source = "from kplug.callbacks import Callback\nclass Tick(Callback): pass"
    points = {"kplug.callbacks": {"Tick": "acme:Tick"}}
    install("acme", entry_points=points, modules={"acme/__init__.py": source})
    assert run("check", "acme") == "it offers nothing that has numbers\n"
    assert json.loads(run("check", "acme", "--json"))["results"] == []
    told = run("check", "no-such-thing", status=2)
    assert told.startswith("'no-such-thing' offers nothing here\n  `kplug list` shows")


def test_a_component_is_shown(acme: Path) -> None:
    told = run("show", "acme/shrink(strength=0.5)")
    assert told.startswith("regularizer acme/shrink(strength=0.5), recipe 1, torch ")
    assert "  bias/zeros/value: float64 [] 0\n" in told
    data = json.loads(run("show", "acme/dice", "--json"))
    assert data["parts"]["real/exact/value"]["sample"] == [0.0]
    assert "several kinds: loss, metric" in run("show", "kplug/mse", status=2)
    assert run("show", "kplug/mse", "--kind", "loss").startswith("loss kplug/mse")
    assert "there is no kind 'nope'" in run("show", "kplug/mse", "--kind", "nope", status=2)
    assert run("show", "kplug/mse", "--kind", "losses").startswith("loss kplug/mse")
    assert "nothing is named 'kplug/msq'" in run("show", "kplug/msq", status=2)
    told = run("show", "kplug/early_stopping", status=2)
    assert told.startswith(
        "there is no recipe for the kind 'callback'\n  There is one for activation,"
    )


def test_two_wheels_are_compared_without_running_them(acme: Path, tmp_path: Path) -> None:
    wheels = []
    for version, smooth in (("0.1", "1.0"), ("0.2", "1.0"), ("0.3", "3.0")):
        change(acme, "smooth=1.0", f"smooth={smooth}")
        run("record", "acme")
        wheels.append(tmp_path / f"acme-{version}-py3-none-any.whl")
        with zipfile.ZipFile(wheels[-1], "w") as wheel:
            wheel.write(acme / "numbers.json", "acme/numbers.json")
            wheel.writestr("acme/__init__.py", "raise SystemExit('it was run')")
    first, second, third = map(str, wheels)
    assert run("diff", first, second) == "3 same\n"
    assert run("diff", second, third, status=1).startswith("differs: loss acme/dice: ")


def test_the_numbers_of_a_wheel_that_carries_none_are_made_on_demand(
    acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("record", "acme", "--example", "dice(smooth=2.0)")
    carrying, bare = (tmp_path / f"acme-{version}-py3-none-any.whl" for version in ("0.1", "0.2"))
    for path in (carrying, bare):
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("acme/__init__.py", "")
            if path == carrying:
                wheel.write(acme / "numbers.json", "acme/numbers.json")
    assert "kplug numbers diff --run" in run("diff", str(carrying), str(bare), status=2)
    asked = []

    def answer(wheel: Path, _: str, distribution: str, known: Path) -> list[str]:
        asked.append((wheel, distribution, known.read_text()))
        return ["", (acme / "numbers.json").read_text()]

    monkeypatch.setattr(wheel_numbers, "run_with_wheel", answer)
    assert run("diff", "--run", str(carrying), str(bare)) == "3 same\n"
    assert asked == [(bare, "acme", (acme / "numbers.json").read_text())]
    monkeypatch.setattr(wheel_numbers, "run_with_wheel", lambda *_: ["it has no component", ""])
    fault = "acme-0.2-py3-none-any.whl: it has no component"
    assert fault in run("diff", "--run", str(bare), str(carrying), status=2)


def test_a_subject_of_bisect_is_a_file_or_a_component(acme: Path, tmp_path: Path) -> None:
    run("record", "acme")
    assert "there is no file 'models/m.keras'" in run("bisect", "models/m.keras", status=2)
    assert "what is installed has 0 readings of 'acme/dise'" in run("bisect", "acme/dise", status=2)
    told = run("bisect", "acme/dice", "--expected", str(acme / "numbers.json"), status=2)
    assert told.startswith("no registry that answers here has a version of 'acme'\n  Give wheels")
    assert "has a version of 'acme'" in run("history", "Acme", status=2)
