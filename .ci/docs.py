"""Builds the documentation site in ``build/site``, strictly: a dead link or anchor ends it with status 1.

The pages are copied to ``build/docs``, so that generated ones never stand among those that are kept:
commands, components, and the table of hooks, whose links are dead where a hook has no section.
"""

from __future__ import annotations

import html
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from costs import add_costs
from equalities import Running, add_equalities, begin_comparing
from landing import fill_landing_page
from marks import fill
from reference import add_reference
from searches import find_misplaced
from shipped import add_plugins
from typer.cli import get_docs_for_click

from kplug import hookspecs
from kplug.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "docs"
# Beside the pages, as Zensical takes no folder above its configuration.
CONFIG = ROOT / "build" / "zensical.toml"
LARGEST = 300_000  # bytes of a page

# What the components are drawn with that have arguments without a default.
DRAWN_WITH = (
    "threshold(0.5, -1.0)",
    "kplug-segmentation/dice_loss(smooth=1e-5, thresh=None)",
    "kplug-segmentation/tversky_loss(smooth=1e-5, thresh=None)",
    "torch/sparse(0.5)",
    "cosine_decay(0.1, 100)",
    "cosine_decay_restarts(0.1, 50)",
    "exponential_decay(0.1, 100, 0.9)",
    "inverse_time_decay(0.1, 100, 0.9)",
    "piecewise_constant_decay([50, 100], [0.1, 0.05, 0.01])",
    "polynomial_decay(0.1, 100)",
    "cosine_annealing_lr(T_max=100)",
    "cosine_annealing_warm_restarts(T_0=50)",
    "cosine_annealing_warmup_restarts(first_cycle_steps=100, warmup_steps=20)",
    "cosine_scheduler(t_max=100, max_lr=0.1, warmup_steps=20)",
    "cyclic_lr(base_lr=0.01, max_lr=0.1, step_size_up=50)",
    "linear_scheduler(t_max=100, max_lr=0.1, warmup_steps=20)",
    "multi_step_lr(milestones=[50, 80])",
    "one_cycle_lr(max_lr=0.1, total_steps=400)",
    "poly_scheduler(t_max=100, max_lr=0.1, warmup_steps=20)",
    "rex_scheduler(total_steps=100)",
    "step_lr(step_size=50)",
    "wsd_schedule(num_warmup_steps=20, num_stable_steps=60, num_decay_steps=20)",
)


def main() -> int:
    """Build the site, and return the exit status."""
    if sys.version_info < (3, 11):
        print("The documentation site is not built: Zensical needs Python 3.11.")
        return 0
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    shutil.copy(ROOT / "CHANGELOG.md", PAGES / "changelog.md")
    (PAGES / ".zensical.toml").replace(CONFIG)
    # The plugins of this repository, whatever else is installed.
    os.environ["KPLUG_PLUGINS"] = ",".join(
        path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")
    )
    running = begin_comparing()
    fill_landing_page(PAGES)
    add_study(PAGES / "recipes")
    add_plugins(PAGES)
    add_hooks()
    add_commands()
    add_components(running)
    add_reference(PAGES)
    if status := run("-m", "zensical", "build", "--strict", "--config-file", str(CONFIG)):
        return status
    site = ROOT / "build" / "site"
    faults = sorted(find_faults(site)) + list(find_misplaced(site))
    print(
        "\n".join(faults)
        or "Every picture, style and script is a file of the site, and it answers."
    )
    return 1 if faults else 0


def run(*arguments: str, **environment: str) -> int:
    """Run Python, and return its exit status."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=os.environ | environment).returncode


def add_study(folder: Path) -> None:
    """Write what the study of losses prints and draws into its page."""
    command = [sys.executable, "loss_study.py"]
    table = subprocess.run(
        command, check=True, cwd=folder, stdout=subprocess.PIPE, text=True
    ).stdout
    picture = "![The score of each trial, a row for each loss](loss_study.png)"
    fill(folder / "search.md", loss_study=f"{table}\n{picture}")


def add_hooks() -> None:
    """Write the table of all hooks into its page."""
    page = PAGES / "plugins" / "hooks.md"
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("kplug_")}
    rows = [
        f"| [`{name}`](#{name}) | {(inspect.getdoc(hook) or '').splitlines()[0]} |"
        for name, hook in hooks.items()
    ]
    table = "\n".join(["| hook | what it does |", "|---|---|", *rows])
    fill(page, hooks=table)


def add_commands() -> None:
    """Write a page for each command, a plugin's too, and one that lists them."""
    folder = PAGES / "commands"
    folder.mkdir()
    whole = folder / "index.md"
    program: Any = typer.main.get_command(app)
    # A plugin's command is a line of help until it is asked for.
    program.commands = {
        name: program.commands[name].make_context(name, [], resilient_parsing=True).command
        for name in program.commands
    }
    text = get_docs_for_click(obj=program, ctx=typer.Context(program), name="kplug")
    first, *pages = re.split(r"^## (?=`kplug )", text, flags=re.MULTILINE)
    for page in pages:
        name = re.match(r"`kplug (\S+)`", page)[1]
        text = re.sub(r"^#(#+) `(.+)`$", r"\1 \2", f"## {page}", flags=re.MULTILINE)
        (folder / f"kplug-{name}.md").write_text(tidy(text), encoding="utf-8")
    # typer cuts what a command does after a few words; its page has the sentence.
    rows = [(page.split("`")[1], page.split("\n\n")[1].replace("\n", " ")) for page in pages]
    lines = [
        f"| [`{name}`]({name.replace(' ', '-')}.md) | {html.unescape(text)} |"
        for name, text in rows
    ]
    head = first.partition("**Commands**")[0].replace("# `kplug`", "# Commands", 1)
    table = "\n".join(["| command | what it does |", "|---|---|", *lines])
    whole.write_text(f"{tidy(head)}{table}\n", encoding="utf-8")


def tidy(text: str) -> str:
    """Return typer's Markdown with examples as blocks of code, and quotes as characters."""
    example = "**Example**:\n\n```console\n$ "
    text = re.sub(r"^Example: (.+)$", rf"{example}\1\n```", html.unescape(text), flags=re.MULTILINE)
    return text.replace(f"\n```\n\n{example}", "\n$ ")


def add_components(running: Running) -> None:
    """Write the pages of `kplug docs`, with curves, costs, and what other libraries have too."""
    examples = [f"--example={one}" for one in DRAWN_WITH]
    folder = str(PAGES / "components")
    # The models of one library have one signature, which 1,469 pages would repeat.
    without = {"KPLUG_DISABLE": "kplug-segmentation-models,kplug-timm,kplug-torchvision"}
    if run("-m", "kplug", "docs", folder, "--curves", *examples, **without):
        raise SystemExit(1)
    add_costs(Path(folder))
    add_equalities(Path(folder), running)


def find_faults(site: Path) -> Iterator[str]:
    """Yield what a page shows or runs that is no file of the site, and pages that are too large.

    Zensical does not look at either.
    """
    for page in site.rglob("*.html"):
        if (size := page.stat().st_size) > LARGEST:
            yield f"{page.relative_to(site)}: {size} bytes"
        found = re.findall(
            r'<(?:img|script|link)\b[^>]*?\b(?:src|href)="?([^" >]+)', page.read_text("utf-8")
        )
        for address in set(found):
            root = site if address.startswith("/") else page.parent
            if ":" in address or not (root / address.lstrip("/")).exists():
                yield f"{page.relative_to(site)}: {address}"


if __name__ == "__main__":
    sys.exit(main())
