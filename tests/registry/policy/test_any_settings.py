"""Whatever stands in a file or a variable: a policy, or one typed error that lets no plugin load."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kplug.errors import PolicyError
from kplug.registry.policy import Installed, Policy, read_policy
from kplug.registry.policy.environment import VARIABLES
from kplug.registry.policy.settings import KEYS

SCRAPS = (
    *("[tool.kplug]", "[tool]", "[[", "]]", "[kplug]", "[tool.k-plug]", "kplug", "\n", "\r\n", "="),
    *(
        " ",
        ".",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "'''",
        "#",
        ",",
        "true",
        "false",
        "1",
        "\ufeff",
        "\0",
        "ä",
    ),
    *("\\u006b", "a", "b/c", "a>=1", "a==1 --hash=sha256:", "0" * 64, *KEYS),
)
NAMES = st.text(string.ascii_letters + "-_.", min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.sampled_from(SCRAPS), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SCRIBBLES = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=4), max_size=25).map("".join)


def _as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"'{key}' = {_as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_toml, value))}]"
    return str(value).lower() if isinstance(value, (bool, int)) else f"'{value}'"


TABLES = st.dictionaries(st.sampled_from(KEYS) | NAMES, VALUES, max_size=5).map(
    lambda table: "[tool.kplug]\n" + "".join(f"{k} = {_as_toml(v)}\n" for k, v in table.items())
)
FILES = st.one_of(
    st.binary(max_size=60),
    SCRIBBLES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TABLES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    SCRIBBLES.map(lambda text: text.encode("utf-16", "surrogatepass")),
)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from(VARIABLES[:-1]) | NAMES.map("KPLUG_".__add__) | NAMES, SCRIBBLES, max_size=3
)


def _check(policy: Policy) -> None:
    assert all(type(error) is PolicyError for error in policy.errors)
    refusals = [policy.find_refusal(Installed(name, "1.0")) for name in ("a", "b", "other")]
    assert all(reason is None or isinstance(reason, str) for reason in refusals)
    if policy.errors:
        assert refusals == [policy.errors[0].message] * 3
    for error in policy.errors:
        assert str(error).replace("\n", "").isprintable()
        assert len(str(error)) < 1000


@pytest.mark.slow
@settings(max_examples=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=FILES, environ=ENVIRONMENTS, is_system_wide=st.booleans())
def test_any_file_and_any_variables(
    tmp_path: Path, file: bytes, environ: dict[str, str], is_system_wide: bool
) -> None:
    place = tmp_path / ("policy.toml" if is_system_wide else "pyproject.toml")
    place.write_bytes(file)
    try:
        named = {"KPLUG_POLICY": str(place)} if is_system_wide else {}
        _check(read_policy({**environ, **named}, tmp_path))
    finally:
        place.unlink()
