"""`explain` reports what `resolve` does."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import kplug
from kplug.errors import KplugError, ShadowedComponentWarning
from kplug.registry import REGISTRY, get_kind, parse_spec, resolve
from kplug.registry.names.explanations import Candidate, explain
from tests.registry.conftest import Sandbox

REGULARIZER = get_kind("regularizer")
PLUGINS = ("a-plugin", "b-plugin", "c-plugin")
NAMES = ("l2", "pond", "Pond", "puddle")
REFS = (*NAMES, "kplug/l2", "a-plugin/pond", "b-plugin/l2", "custom/pond", "gone/pond", "huber")


def _pond(weight_matrix: Any) -> Any:
    return weight_matrix


def _install(install: Sandbox, offers: Mapping[str, Mapping[str, str]]) -> None:
    for path in install.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, names in offers.items():
        module = name.replace("-", "_")
        source = "".join(f"def {each}(weight_matrix): ...\n" for each in ("one", "two"))
        points = {own: f"{module}:{target}" for own, target in names.items()}
        install(name, entry_points={"kplug.regularizers": points}, modules={f"{module}.py": source})


OFFERS = st.dictionaries(
    st.sampled_from(PLUGINS),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["one", "two"]), max_size=3),
)
PREFERENCES = st.lists(
    st.sampled_from([*PLUGINS, "kplug", "torch", "a-plugin/pond", "b-plugin/l2", "c-plugin/zzz"]),
    max_size=3,
    unique=True,
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    offers=OFFERS,
    in_code=PREFERENCES,
    in_environment=PREFERENCES,
    disabled=st.lists(st.sampled_from(PLUGINS), max_size=2, unique=True),
    scoped=st.lists(st.sampled_from(["pond", "l2"]), max_size=1),
    ref=st.sampled_from(REFS),
)
@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::kplug.ShadowedComponentWarning")
def test_explain_says_what_resolve_does(
    install: Sandbox,
    offers: Mapping[str, Mapping[str, str]],
    in_code: Sequence[str],
    in_environment: Sequence[str],
    disabled: Sequence[str],
    scoped: Sequence[str],
    ref: str,
) -> None:
    variables = {"KPLUG_PREFER": ",".join(in_environment), "KPLUG_DISABLE": ",".join(disabled)}
    scope = kplug.scope(regularizers={scoped[0]: _pond}) if scoped else nullcontext()
    with mock.patch.dict(os.environ, variables), scope:
        _install(install, offers)
        kplug.prefer(*in_code)
        kplug.reload()
        found = explain(REGULARIZER, parse_spec(ref))
        chosen = [each for each in found.candidates if each.outcome == "chosen"]
        if found.error is not None:
            with pytest.raises(type(found.error)) as caught:
                resolve("regularizer", ref)
            assert str(caught.value) == str(found.error)
            assert (found.choice, chosen) == (None, [])
        else:
            resolved = resolve("regularizer", ref)
            assert found.choice is not None
            assert found.choice.component == resolved.component
            assert found.choice.rule == resolved.rule
            assert [each.name for each in chosen] == [resolved.component.qualified_name]
        _check_candidates(found.candidates, offers, disabled, ref)
        heard = [*in_code, *in_environment]
        assert found.preference is None or found.preference in heard
        if found.setting is not None:
            expected = "the call of prefer()" if found.preference in in_code else "KPLUG_PREFER"
            assert found.setting.label == expected


def _check_candidates(
    candidates: Sequence[Candidate],
    offers: Mapping[str, Mapping[str, str]],
    disabled: Sequence[str],
    ref: str,
) -> None:
    """Check that every supplier of the name is listed, and that disabled ones are marked."""
    key = ref.rpartition("/")[2].lower()
    for plugin, names in offers.items():
        mine = [each for each in candidates if each.origin.distribution == plugin]
        assert bool(mine) == (key in map(str.lower, names))
        assert all((each.outcome == "off") == (plugin in disabled) for each in mine)


def test_nothing_of_a_plugin_is_imported(install: Sandbox) -> None:
    _install(install, {"a-plugin": {"pond": "one"}, "b-plugin": {"pond": "one"}})
    explain(REGULARIZER, parse_spec("pond"))
    assert install.imported() == set()


@pytest.mark.torch
def test_nobody_is_warned_and_the_warning_is_not_used_up(install: Sandbox) -> None:
    _install(install, {"a-plugin": {"l2": "one"}})
    explain(REGULARIZER, parse_spec("l2"))
    with pytest.warns(ShadowedComponentWarning):
        resolve("regularizer", "l2")


def test_the_setting_that_is_heard_first_is_the_one_that_decided(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(install, {"a-plugin": {"pond": "one"}, "b-plugin": {"pond": "one"}})
    monkeypatch.setenv("KPLUG_PREFER", "b-plugin")
    REGISTRY.reload()
    kplug.prefer("b-plugin", "a-plugin")
    found = explain(REGULARIZER, parse_spec("pond"))
    assert found.setting is not None
    assert (found.setting.label, found.preference) == ("the call of prefer()", "b-plugin")


def test_an_inner_scope_hides_an_outer_one_and_a_registration(install: Sandbox) -> None:
    kplug.register("regularizer", "pond", "m:registered")
    outer, inner = (kplug.scope(regularizers={"pond": f"m:{n}"}) for n in ("outer", "inner"))
    with outer, inner:
        found = explain(REGULARIZER, parse_spec("pond"))
    assert [(each.target, each.outcome) for each in found.candidates] == [
        ("m:inner", "chosen"),
        ("m:outer", "lost"),
        ("m:registered", "lost"),
    ]


def test_what_never_loads_is_broken_and_not_chosen(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug.regularizers": {"sys": "os:system"}})
    found = explain(REGULARIZER, parse_spec("sys"))
    assert [each.outcome for each in found.candidates] == ["broken"]
    assert found.choice is None
    assert "os" in str(found.error)


@pytest.mark.parametrize(
    ("disabled", "outcome", "reason"),
    [
        (
            "",
            "broken",
            "'b_plugin' is a module neither of a-plugin nor of a package that it requires",
        ),
        (
            "b-plugin",
            "off",
            "'b_plugin' is a module of b-plugin, which is switched off: KPLUG_DISABLE names it",
        ),
    ],
)
def test_what_may_not_be_loaded_is_not_chosen(
    disabled: str,
    outcome: str,
    reason: str,
    install: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install("a-plugin", entry_points={"kplug.regularizers": {"pond": "b_plugin:pond"}})
    install("b-plugin", modules={"b_plugin.py": "def pond(weight_matrix): ...\n"})
    install(
        "c-plugin",
        entry_points={"kplug.regularizers": {"pond": "c_plugin:pond"}},
        modules={"c_plugin.py": ""},
    )
    if disabled:
        monkeypatch.setenv("KPLUG_DISABLE", disabled)
    monkeypatch.setenv("KPLUG_PREFER", "a-plugin")
    kplug.reload()
    found = explain(REGULARIZER, parse_spec("pond"))
    assert [(each.name, each.outcome) for each in found.candidates] == [
        ("a-plugin/pond", outcome),
        ("c-plugin/pond", "lost"),
    ]
    assert (found.choice, found.candidates[0].reason) == (None, reason)
    with pytest.raises(KplugError, match=re.escape(reason)):
        resolve("regularizer", "pond")
    assert install.imported() == set()
