"""Hostile settings: a policy, or an error that names the setting."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import strategies as st

from kplug.errors import PolicyError
from kplug.registry.policy import Policy, read_policy
from tests.registry.hostile.bounds import drive, examples, outcome_of
from tests.registry.hostile.inputs import files, texts

PROJECTS = (
    '[project]\nname = "x"\n\n[tool.kplug]\nplugins = ["kplug-segmentation"]\ndisable = []\n'
    'autoload = true\nprefer = ["kplug-segmentation/dice_loss"]\n',
    '[tool]\nkplug = {disable = ["a"], autoload = false}\n',
    'tool.kplug.disable = ["a"]\ntool.ruff.line-length = 100\n',
    '[tool."kplug"]\n"plugins" = [\n  "a",  # a comment\n  \'b\',\n]\n',
    "[tool.kplug]\nstrict = true\nplugins = ['a==1.0', \"b>=1,<2\"]\n",
)
ENTRIES = ("kplug-segmentation,kplug-penalties", "a/dice_loss", "1", "off", "", "a==1.0, b>=1,<2")
NAMES = ("KPLUG_PLUGINS", "KPLUG_DISABLE", "KPLUG_AUTOLOAD", "KPLUG_PREFER", "KPLUG_POLICY")


@examples
def test_a_project_has_a_policy_or_a_policy_error(examples: int, tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        (tmp_path / "pyproject.toml").write_bytes(data)
        assert isinstance(_read({}, tmp_path), (Policy, PolicyError))

    drive(check, files(PROJECTS), examples)


@examples
def test_an_environment_has_a_policy_or_a_policy_error(examples: int, tmp_path: Path) -> None:
    def check(environ: dict[str, str]) -> None:
        assert isinstance(_read(environ, tmp_path), (Policy, PolicyError))

    names = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), texts(NAMES))
    environ = st.dictionaries(names.map(_as_set), texts(ENTRIES).map(_as_set), max_size=3)
    drive(check, environ, examples)


def _as_set(text: str) -> str:
    """Return a text as Python finds it in the environment, which holds any byte but 0."""
    return os.fsdecode(text.encode("utf-8", "surrogatepass").replace(b"\0", b""))


def _read(environ: dict[str, str], folder: Path) -> object:
    return outcome_of(lambda: read_policy(environ, folder), PolicyError)
