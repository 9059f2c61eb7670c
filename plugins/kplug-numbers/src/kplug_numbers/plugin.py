"""Hooks of this distribution: its commands, readings in files, changes of versions. It imports no torch."""

from __future__ import annotations

from kplug import Component, PublishedVersion, Verdict, hookimpl

# Kinds with a recipe; `kplug_numbers.making`, which has the recipes, imports torch.
READ = (
    "activation",
    "constraint",
    "initializer",
    "layer",
    "loss",
    "metric",
    "optimizer",
    "regularizer",
    "schedule",
)


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    home = "kplug_numbers.commands"
    summaries = {
        f"{home}.command:numbers": "Record what components compute, and compare it with what was recorded.",
        f"{home}.compare:compare": "Put components of one kind side by side, with what they compute.",
    }
    return {
        name: Component(name, target, summary=summary)
        for target, summary in summaries.items()
        for name in [target.partition(":")[2]]
    }


@hookimpl
def kplug_reading(kind: str, spec: str) -> list[dict[str, object]]:
    """Return what a component computes, for the file of a model."""
    if kind not in READ:
        return []
    from kplug_numbers.model_files import read_for_file  # imports torch

    return [read_for_file(kind, spec)]


@hookimpl
def kplug_verdict(kind: str, spec: str, reading: object) -> list[Verdict]:
    """Compare a component with the reading in the file of a model."""
    if kind not in READ:
        return []
    from kplug_numbers.model_files import judge  # imports torch

    return [judge(kind, spec, reading)]


@hookimpl
def kplug_changes(distribution: str, version: PublishedVersion) -> list[Verdict]:
    """Compare what is installed with another version, by what both have recorded."""
    from kplug_numbers.upgrades import list_changes  # for commands that install

    return list_changes(distribution, version)
