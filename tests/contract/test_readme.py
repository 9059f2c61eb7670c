"""The plugin that README shows passes the suite as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kplug_authoring import list_checks, run_contract

import kplug

README = Path(__file__).parents[2] / "README.md"


def test_the_quantile_loss_of_readme_passes() -> None:
    code = re.search(
        r"```python\n(# kplug_quantile.py\n.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    assert code is not None
    module: dict[str, Any] = {"__name__": "kplug_quantile"}
    exec(code[1], module)
    with kplug.scope(losses={"quantile_loss": module["quantile_loss"]}):
        for examples in ({}, {"quantile_loss": {"quantile": 0.9}}):
            assert run_contract("custom", examples=examples) == len(list_checks("loss"))
