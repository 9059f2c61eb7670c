"""``export_names`` collects the names that ``from package import *`` brings."""

from __future__ import annotations

import math
import sys
import types

import pytest

from kplug.support.exports import export_names


def test_what_is_re_exported_comes_sorted_and_modules_do_not() -> None:
    names: dict[str, object] = {
        "zeros": math.floor,
        "Alpha": int,
        "nothing": None,
        "math": math,
        "_private": 1,
        "__name__": "package",
        "export_names": export_names,
    }
    export_names(names)
    assert names["__all__"] == ["Alpha", "nothing", "zeros"]


def test_the_function_is_left_out_by_identity_and_not_by_name() -> None:
    names: dict[str, object] = {"export_names": len, "export": export_names}
    export_names(names)
    assert names["__all__"] == ["export_names"]


def test_a_second_call_takes_what_has_been_added() -> None:
    names: dict[str, object] = {"b": 1}
    export_names(names)
    names["a"] = 2
    export_names(names)
    assert names["__all__"] == ["a", "b"]


def test_a_star_import_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("package_with_input")
    source = "import math\nimport math as input\nfrom math import pi\n"
    exec(source, package.__dict__)
    export_names(package.__dict__)
    monkeypatch.setitem(sys.modules, package.__name__, package)
    scope: dict[str, object] = {}
    exec("from package_with_input import *", scope)
    assert scope.keys() - {"__builtins__"} == {"pi"}
    with pytest.raises(NameError, match="name 'math' is not defined"):
        exec("math.e", scope)
