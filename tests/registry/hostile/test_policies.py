"""Hostile settings: a policy, in which an error lets no plugin load."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import strategies as st

from kplug.registry.policy import Installed, Policy, read_policy
from tests.registry.hostile.bounds import LONGEST_MESSAGE, drive, examples, outcome_of
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
def test_any_project_has_a_policy(examples: int, tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        (tmp_path / "pyproject.toml").write_bytes(data)
        _check_policy({}, tmp_path)

    drive(check, files(PROJECTS), examples)


@examples
def test_any_environment_has_a_policy(examples: int, tmp_path: Path) -> None:
    def check(environ: dict[str, str]) -> None:
        _check_policy(environ, tmp_path)

    names = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), texts(NAMES))
    environ = st.dictionaries(names.map(_as_set), texts(ENTRIES).map(_as_set), max_size=3)
    drive(check, environ, examples)


def _as_set(text: str) -> str:
    """Return a text as Python finds it in the environment, which holds any byte but 0."""
    return os.fsdecode(text.encode("utf-8", "surrogatepass").replace(b"\0", b""))


def _check_policy(environ: dict[str, str], folder: Path) -> None:
    policy = outcome_of(lambda: read_policy(environ, folder))
    assert isinstance(policy, Policy)
    reasons = [policy.find_refusal(Installed(name, "1.0")) for name in ("a", "other")]
    if policy.errors:
        assert reasons == [policy.errors[0].message] * 2
    for error in policy.errors:
        assert str(error).replace("\n", "").isprintable()
        assert len(str(error)) <= LONGEST_MESSAGE
