"""``kplug demo``: its checks, its output, and the whole run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kplug_demo.command import check_output
from kplug_demo.run import make_component_table
from rich.console import Console
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.display.terminal import TextTable
from kplug.errors import ArgumentValueError
from kplug.training.component_table import ComponentRow, ComponentTable
from tests.test_install import read_dice


def print_wide(table: TextTable) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize("name", ["missing/picture.png", "."])
def test_a_path_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    with pytest.raises(ArgumentValueError) as caught:
        check_output(output)
    assert str(caught.value).endswith("allowed: a file in an existing folder that you may write to")


def test_options_are_checked_and_help_is_short() -> None:
    refused = CliRunner().invoke(app, ["demo", "--epochs", "0"])
    assert refused.exit_code != 0
    assert "Invalid value for '--epochs'" in refused.output
    listed = CliRunner().invoke(app, ["--help"]).output
    assert "Train a small network to find handwritten ink, and draw the result." in listed


def test_the_component_table_has_a_line_for_each_component() -> None:
    penalty = (
        "kplug-penalties/l1_reg",
        {"strength": 0.5},
        "kplug-penalties",
        "9",
        "only candidate",
    )
    rows = [
        ComponentRow(f"{layer}.kernel_regularizer", "regularizer", *penalty, f"{penalty[0]}(0.5)")
        for layer in ("a", "b", "c")
    ]
    rows.append(ComponentRow("metrics/0", "metric", "kplug/mse", {}, "kplug", "8"))
    lines = print_wide(make_component_table(ComponentTable(rows))).splitlines()
    found = [" ".join(line.split()) for line in lines if " kplug" in line]
    assert found == [
        "l1_reg(0.5) kplug-penalties 9 a.kernel_regularizer and 2 more",
        "mse kplug 8 metrics/0",
    ]


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, kplug_demo.command;"
        "print([m for m in ('torch', 'numpy', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def run_demo(output: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kplug", "demo", "--output", str(output), *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_short_runs_print_the_same_numbers(tmp_path: Path) -> None:
    first, second = (run_demo(tmp_path / "demo.png", "--epochs", "1") for _ in range(2))
    assert read_dice(first, "network") == read_dice(second, "network")
    assert read_dice(first, "Otsu's threshold") == read_dice(second, "Otsu's threshold")
