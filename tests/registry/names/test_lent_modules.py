"""Modules of Keras's names that distributions lend to kplug."""

from __future__ import annotations

import importlib
import importlib.util
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.errors import MissingModuleError, PluginLoadError, ResolutionError
from kplug.registry.names import homes, lent_modules

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

MODULES = {
    "kplug_ponds/__init__.py": "from kplug_ponds import deep as deep\nDEPTH = 1\n",
    "kplug_ponds/deep/__init__.py": "FISH = []\n",
    "kplug_ponds/deep/mud.py": "from kplug_ponds.deep import FISH\n",
}


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """Take from kplug what a test has imported into it."""
    before, finders = set(vars(kplug)), list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    for name in set(vars(kplug)) - before:
        if name.startswith("pond"):
            delattr(kplug, name)
    for name in [one for one in sys.modules if one.startswith(("kplug.pond", "kplug_ponds"))]:
        del sys.modules[name]


def _install(install: Sandbox, name: str = "kplug-ponds", **lent: str) -> None:
    install(name, entry_points={"kplug.modules": lent or {"ponds": "kplug_ponds"}}, modules=MODULES)


def test_a_lent_module_is_the_module(install: Sandbox) -> None:
    _install(install)
    lent = kplug.ponds
    assert lent is importlib.import_module("kplug_ponds")
    assert lent is sys.modules["kplug.ponds"]
    assert (lent.__name__, lent.__package__) == ("kplug_ponds", "kplug_ponds")
    assert lent.__spec__ is not None
    assert lent.__spec__.name == "kplug_ponds"
    assert kplug.ponds is lent
    assert "ponds" in dir(kplug)


def test_modules_inside_are_the_same_however_they_are_imported(install: Sandbox) -> None:
    _install(install)
    mud = importlib.import_module("kplug.ponds.deep.mud")
    assert mud is importlib.import_module("kplug_ponds.deep.mud")
    assert mud.FISH is importlib.import_module("kplug.ponds.deep").FISH
    names: dict[str, object] = {}
    exec("from kplug import ponds\nfrom kplug.ponds import deep\nimport kplug.ponds.deep", names)
    assert names["deep"] is sys.modules["kplug_ponds.deep"]
    assert names["ponds"] is sys.modules["kplug_ponds"]


def test_threads_that_import_at_once_see_the_whole_module(install: Sandbox) -> None:
    modules = {"kplug_ponds.py": "import time\ntime.sleep(0.3)\nDEPTH = 1\n"}
    install(
        "kplug-ponds", entry_points={"kplug.modules": {"ponds": "kplug_ponds"}}, modules=modules
    )
    barrier = threading.Barrier(4)

    def work(_: int) -> object:
        barrier.wait()
        names: dict[str, object] = {}
        exec("from kplug.ponds import DEPTH", names)
        return names["DEPTH"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [1, 1, 1, 1]
    lent = sys.modules["kplug.ponds"]
    assert lent is sys.modules["kplug_ponds"]
    assert not hasattr(lent, "__path__")
    assert lent.__spec__ is not None
    assert (lent.__spec__.name, lent.__spec__._initializing) == ("kplug_ponds", False)  # type: ignore[attr-defined]


def test_a_module_may_import_itself_by_its_name_in_kplug(install: Sandbox) -> None:
    source = "import kplug.ponds as own\nfrom kplug.ponds import inner\nfrom kplug import ponds\n"
    modules = {
        "kplug_ponds/__init__.py": source,
        "kplug_ponds/inner.py": "import kplug.ponds.inner\n",
    }
    install(
        "kplug-ponds", entry_points={"kplug.modules": {"ponds": "kplug_ponds"}}, modules=modules
    )
    lent = importlib.import_module("kplug.ponds")
    assert lent is lent.own is lent.ponds is sys.modules["kplug_ponds"]
    assert lent.inner is sys.modules["kplug_ponds.inner"] is sys.modules["kplug.ponds.inner"]
    assert lent.__spec__ is not None
    assert lent.__spec__.name == "kplug_ponds"


def test_a_module_that_is_not_there_is_missing(install: Sandbox) -> None:
    _install(install)
    assert importlib.util.find_spec("kplug.ponds.deep") is not None
    assert importlib.util.find_spec("kplug.ponds.shallow") is None
    with pytest.raises(ModuleNotFoundError, match=r"'kplug\.ponds\.shallow'"):
        importlib.import_module("kplug.ponds.shallow")
    with pytest.raises(AttributeError, match=r"^module 'kplug' has no attribute 'pools'$"):
        _ = kplug.pools
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'kplug\.pools'$"):
        importlib.import_module("kplug.pools")


def test_to_look_for_a_module_imports_nothing(install: Sandbox) -> None:
    _install(install)
    assert importlib.util.find_spec("kplug.ponds") is not None
    assert not install.imported()


@pytest.mark.parametrize(
    ("target", "reason"),
    [("json", "'json' is a module neither of kplug-ponds nor"), ("kplug_pools", "kplug_pools")],
)
def test_an_attribute_that_cannot_be_used_is_an_attribute_error(
    install: Sandbox, target: str, reason: str
) -> None:
    _install(install, ponds=target)
    assert not hasattr(kplug, "ponds")
    with pytest.raises(
        AttributeError, match=rf"^module 'kplug' has no attribute 'ponds': .*{reason}"
    ):
        _ = kplug.ponds
    with pytest.raises(MissingModuleError, match=reason):
        importlib.import_module("kplug.ponds")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('frozen')", "RuntimeError: frozen"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import kplug.ponds\nraise ValueError('late')", "ValueError: late"),
    ],
)
def test_a_module_that_fails_names_its_distribution(
    install: Sandbox, source: str, reason: str
) -> None:
    modules = {"kplug_ponds.py": source}
    install(
        "kplug-ponds", entry_points={"kplug.modules": {"ponds": "kplug_ponds"}}, modules=modules
    )
    expected = (
        f"the module 'ponds' of kplug-ponds 1.0 (kplug_ponds) cannot be loaded: {reason}\n"
        "  Mend or upgrade kplug-ponds, or switch the plugin off: KPLUG_DISABLE=kplug-ponds."
    )
    for _ in range(2):  # nothing stays of the first failure
        with pytest.raises(PluginLoadError) as caught:
            importlib.import_module("kplug.ponds")
        assert str(caught.value) == expected
        assert caught.value.__cause__ is not None
    with pytest.raises(PluginLoadError):
        exec("from kplug import ponds")
    assert not hasattr(kplug, "ponds")
    with pytest.raises(AttributeError) as missing:
        _ = kplug.ponds
    assert str(missing.value) == f"module 'kplug' has no attribute 'ponds': {expected}"


def test_an_interrupt_is_no_missing_attribute(install: Sandbox) -> None:
    modules = {"kplug_ponds.py": "raise KeyboardInterrupt\n"}
    install(
        "kplug-ponds", entry_points={"kplug.modules": {"ponds": "kplug_ponds"}}, modules=modules
    )
    with pytest.raises(KeyboardInterrupt):
        _ = kplug.ponds


def test_a_library_that_a_module_lacks_is_named(install: Sandbox) -> None:
    entry_points = {"kplug.modules": {"ponds": "kplug_ponds"}}
    modules = {"kplug_ponds.py": "import no_such_library\n"}
    install("kplug-ponds", entry_points=entry_points, modules=modules)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'no_such_library'$"):
        importlib.import_module("kplug.ponds")
    expected = (
        r"'ponds': the module 'ponds' of kplug-ponds 1\.0 .* No module named 'no_such_library'"
    )
    with pytest.raises(AttributeError, match=expected):
        _ = kplug.ponds


def test_a_module_of_somebody_else_is_not_lent(install: Sandbox) -> None:
    install("kplug-ponds", entry_points={"kplug.modules": {"ponds": "json"}})
    with pytest.raises(MissingModuleError, match="'json' is a module neither of kplug-ponds nor"):
        importlib.import_module("kplug.ponds")


@pytest.mark.parametrize(
    ("name", "package", "end"),
    [
        ("kplug.ponds", "kplug.ponds", "kplug_ponds/__main__.py"),
        ("kplug.ponds.show", "kplug.ponds", "kplug_ponds/show.py"),
        ("kplug.pond", "kplug", "kplug_pond.py"),
    ],
)
def test_a_module_runs_as_a_program(
    install: Sandbox, capsys: pytest.CaptureFixture[str], name: str, package: str, end: str
) -> None:
    show = "print(__name__, __package__, __file__)\n"
    modules = {
        "kplug_ponds/__init__.py": "",
        "kplug_ponds/__main__.py": f"from . import show\n{show}",
        "kplug_ponds/show.py": "if __name__ == '__main__':\n    " + show,
        "kplug_pond.py": show,
    }
    lent = {"ponds": "kplug_ponds", "pond": "kplug_pond"}
    install("kplug-ponds", entry_points={"kplug.modules": lent}, modules=modules)
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    assert capsys.readouterr().out == f"__main__ {package} {install.folder / end}\n"


def test_a_package_without_a_program_says_so(install: Sandbox) -> None:
    _install(install)
    with pytest.raises(ImportError, match=r"'kplug\.ponds' is a package and cannot be directly"):
        runpy.run_module("kplug.ponds", run_name="__main__")


def test_a_module_of_somebody_else_is_not_run(install: Sandbox) -> None:
    install("kplug-ponds", entry_points={"kplug.modules": {"ponds": "antigravity"}})
    with pytest.raises(ImportError, match="'antigravity' is a module neither of kplug-ponds nor"):
        runpy.run_module("kplug.ponds", run_name="__main__")


def test_a_module_that_is_installed_meanwhile_is_found(install: Sandbox) -> None:
    assert not hasattr(kplug, "ponds")
    _install(install)
    assert kplug.ponds.DEPTH == 1


@pytest.mark.parametrize(
    ("setting", "text"),
    [("KPLUG_DISABLE", "kplug-ponds"), ("KPLUG_PLUGINS", ""), ("KPLUG_AUTOLOAD", "0")],
)
def test_a_distribution_that_is_switched_off_lends_nothing(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, setting: str, text: str
) -> None:
    _install(install)
    monkeypatch.setenv(setting, text)
    kplug.reload()
    expected = rf"kplug\.ponds is lent by kplug-ponds 1\.0, which is switched off: .*{setting}"
    with pytest.raises(MissingModuleError, match=expected):
        importlib.import_module("kplug.ponds")
    with pytest.raises(AttributeError, match=expected):
        _ = kplug.ponds
    with pytest.raises(ImportError, match=expected):
        exec("from kplug import ponds")
    assert not install.imported()


def test_a_name_that_two_distributions_lend_is_used_for_neither(install: Sandbox) -> None:
    _install(install)
    install("kplug-pools", "2.0", entry_points={"kplug.modules": {"ponds": "kplug_pools"}})
    with pytest.raises(MissingModuleError) as caught:
        importlib.import_module("kplug.ponds")
    assert str(caught.value) == (
        "kplug.ponds is lent by kplug-ponds 1.0 and kplug-pools 2.0, and used for neither\n"
        "  Switch one of them off: KPLUG_DISABLE=kplug-ponds"
    )
    message = "kplug.ponds is lent by kplug-ponds 1.0 and kplug-pools 2.0, and used for neither. "
    advice = "Switch one of them off: KPLUG_DISABLE=kplug-ponds"
    assert install.problems("kplug-pools") == [message + advice]


def test_a_module_of_kplug_stays_its_own(install: Sandbox) -> None:
    _install(install, losses="kplug_ponds", errors="kplug_ponds")
    import kplug.errors as errors

    assert errors.__name__ == "kplug.errors"
    assert install.problems("kplug-ponds") == [
        f"the module it lends as 'kplug.{name}' is not used, as kplug has one of that name. "
        "Give it another name"
        for name in ("errors", "losses")
    ]


def test_a_folder_that_an_update_left_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "kplug").mkdir()
    for each in Path(kplug.__path__[0]).iterdir():
        (tmp_path / "kplug" / each.name).symlink_to(each)
    for name in ("ponds", "wells"):
        (tmp_path / "kplug" / name / "__pycache__").mkdir(parents=True)
    info = tmp_path / "kplug_ponds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kplug-ponds\nVersion: 1.0\n")
    (info / "RECORD").write_text("kplug_ponds.py,,\n")
    (info / "entry_points.txt").write_text("[kplug.modules]\nponds = kplug_ponds\n")
    (tmp_path / "kplug_ponds.py").write_text("DEPTH = 1\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import importlib.util, pkgutil, kplug, kplug.ponds\n"
        "modules = {each.name for each in pkgutil.iter_modules(kplug.__path__)}\n"
        "print(kplug.__file__, kplug.ponds.DEPTH, importlib.util.find_spec('kplug.wells'))\n"
        "print('errors' in modules)"
    )
    command = [sys.executable, "-B", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"{tmp_path / 'kplug' / '__init__.py'} 1 None\nTrue\n"


@pytest.mark.parametrize("name", ["scope", "device", "Model", "hookimpl", "sys", "importlib"])
def test_a_public_name_of_kplug_stays_its_own(install: Sandbox, name: str) -> None:
    _install(install, **{name: "kplug_ponds"})
    own = getattr(kplug, name) if name == "hookimpl" else None
    assert importlib.util.find_spec(f"kplug.{name}") is None
    with pytest.raises(ModuleNotFoundError, match=rf"^No module named 'kplug\.{name}'$"):
        importlib.import_module(f"kplug.{name}")
    assert own is None or kplug.hookimpl is own
    assert not install.imported()
    assert dir(kplug).count(name) == (name in kplug.__all__)
    assert install.problems("kplug-ponds") == [
        f"the module it lends as 'kplug.{name}' is not used, as kplug has one of that name. "
        "Give it another name"
    ]


@pytest.mark.parametrize(
    "name", ["_pond", "pond.s", "pond-s", "PondError", "Ponds", "pönds", "class"]
)
def test_a_name_is_a_plain_one(install: Sandbox, name: str) -> None:
    _install(install, **{name: "kplug_ponds"})
    assert name not in dir(kplug)
    assert not hasattr(kplug, name)
    assert importlib.util.find_spec(f"kplug.{name.partition('.')[0]}") is None
    assert install.problems("kplug-ponds") == [
        f"{name!r} in its entry points of the group 'kplug.modules' is not used. "
        "Give the module a name of lower-case letters, digits and underscores, such as 'datasets'"
    ]


def test_a_name_that_one_distribution_lends_twice_is_not_used(install: Sandbox) -> None:
    lines = "[kplug.modules]\nponds = kplug_ponds\nponds = kplug_ponds.deep\n"
    install("kplug-ponds", entry_points=lines, modules=MODULES)
    expected = (
        "kplug.ponds is lent by kplug-ponds 1.0 more than once, as kplug_ponds and kplug_ponds.deep, "
        "and not used"
    )
    advice = "Keep one of these entry points, or give the others other names"
    assert install.problems("kplug-ponds") == [f"{expected}. {advice}"]
    with pytest.raises(MissingModuleError) as caught:
        importlib.import_module("kplug.ponds")
    assert str(caught.value) == f"{expected}\n  {advice}"
    install("kplug-pools", "2.0", entry_points={"kplug.modules": {"ponds": "kplug_pools"}})
    who = "kplug.ponds is lent by kplug-ponds 1.0 and kplug-pools 2.0, and used for neither. "
    assert install.problems("kplug-pools") == [
        who + "Switch one of them off: KPLUG_DISABLE=kplug-ponds"
    ]


def test_an_entry_point_that_is_listed_twice_is_one(install: Sandbox) -> None:
    lines = "[kplug.modules]\nponds = kplug_ponds\nponds = kplug_ponds\n"
    install("kplug-ponds", entry_points=lines, modules=MODULES)
    assert not install.problems("kplug-ponds")
    assert kplug.ponds.DEPTH == 1


def test_what_is_no_module_is_a_problem(install: Sandbox) -> None:
    install("kplug-ponds", entry_points={"kplug.modules": {"ponds": "kplug_ponds:DEPTH"}})
    assert install.problems("kplug-ponds") == [
        "'ponds' in its entry points of the group 'kplug.modules' is 'kplug_ponds:DEPTH', "
        "which is not the name of a module"
    ]
    assert not hasattr(kplug, "ponds")


def test_a_module_of_kplug_is_not_lent_to_it(install: Sandbox) -> None:
    entry_points = {"kplug.modules": {"ponds": "kplug.ponds"}}
    install("kplug-ponds", entry_points=entry_points, requires=["kplug"])
    assert install.problems("kplug-ponds") == [
        "'ponds' in its entry points of the group 'kplug.modules' is 'kplug.ponds', "
        "which is a module of kplug and not one to lend"
    ]
    assert not hasattr(kplug, "ponds")
    assert "ponds" not in dir(kplug)


def test_a_kind_cannot_have_the_group(install: Sandbox) -> None:
    source = (
        "import kplug\n@kplug.hookimpl\n"
        "def kplug_kinds():\n    return [kplug.Kind('module', 'modules')]\n"
    )
    entry_points = {"kplug": {"plugin": "ponds"}}
    install("kplug-ponds", entry_points=entry_points, modules={"ponds.py": source})
    assert install.problems("kplug-ponds") == [
        "the kind 'module' is not used: the group 'kplug.modules' is that of lent modules. "
        "Give it another plural"
    ]


POND = {"layers.Pond": "kplug_ponds.deep:Pond"}
POND_MODULES = {**MODULES, "kplug_ponds/deep/__init__.py": "class Pond: ...\nFISH = []\n"}


@pytest.mark.torch
def test_an_object_is_lent_to_a_package(install: Sandbox) -> None:
    import kplug.layers

    assert not hasattr(kplug.layers, "Pond")
    install("kplug-ponds", entry_points={"kplug.modules": POND}, modules=POND_MODULES)
    assert "Pond" in dir(kplug.layers)
    assert "Dense" in dir(kplug.layers)
    assert not install.imported()
    names: dict[str, object] = {}
    exec("from kplug.layers import Pond", names)
    lent: Any = kplug.layers
    assert names["Pond"] is lent.Pond is importlib.import_module("kplug_ponds.deep").Pond
    assert not install.problems("kplug-ponds")
    assert not {"layers.Pond", "Pond"} & set(dir(kplug))
    assert "Pond" not in lent.__all__


@pytest.mark.torch
def test_an_object_that_is_not_lent_is_missing(install: Sandbox) -> None:
    from kplug import layers, utils

    install("kplug-ponds", entry_points={"kplug.modules": POND}, modules=POND_MODULES)
    with pytest.raises(AttributeError, match=r"^module 'kplug\.utils' has no attribute 'Pond'$"):
        _ = utils.Pond  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match=r"^cannot import name 'Pool' from 'kplug\.layers' "):
        exec("from kplug.layers import Pool")
    assert not hasattr(layers, "_Pond")
    assert not install.imported()


@pytest.mark.torch
def test_a_package_keeps_its_own_names(install: Sandbox) -> None:
    from kplug import layers

    install("kplug-ponds", entry_points={"kplug.modules": {"layers.Dense": "kplug_ponds:DEPTH"}})
    assert layers.Dense.__module__ == "kplug.layers.dense"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('frozen')", "RuntimeError: frozen"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("", "AttributeError: module 'kplug_ponds.deep' has no attribute 'Pond'"),
    ],
)
def test_an_object_that_cannot_be_loaded_names_its_distribution(
    install: Sandbox, source: str, reason: str
) -> None:
    from kplug import layers

    modules = {**MODULES, "kplug_ponds/__init__.py": "", "kplug_ponds/deep/__init__.py": source}
    install("kplug-ponds", entry_points={"kplug.modules": POND}, modules=modules)
    with pytest.raises(AttributeError) as caught:
        _ = layers.Pond  # type: ignore[attr-defined]
    assert str(caught.value).startswith(
        "module 'kplug.layers' has no attribute 'Pond': the object 'layers.Pond' of kplug-ponds 1.0 "
        f"(kplug_ponds.deep:Pond) cannot be loaded: {reason}\n  Mend or upgrade kplug-ponds"
    )


@pytest.mark.torch
def test_an_object_of_a_distribution_that_is_switched_off_says_so(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kplug import layers

    install("kplug-ponds", entry_points={"kplug.modules": POND}, modules=POND_MODULES)
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-ponds")
    kplug.reload()
    expected = r"kplug\.layers\.Pond is lent by kplug-ponds 1\.0, which is switched off: .*DISABLE"
    with pytest.raises(AttributeError, match=expected):
        _ = layers.Pond  # type: ignore[attr-defined]
    with pytest.raises(MissingModuleError, match=expected):
        exec("from kplug.layers import Pond")
    assert not install.imported()


@pytest.mark.parametrize(
    ("name", "target", "problem"),
    [
        (
            "layers.Pond",
            "kplug_ponds",
            "is 'kplug_ponds', which is not the name of an object in a module, such as "
            "'package.module:Crop'",
        ),
        (
            "layers.Pond",
            "kplug.layers:Dense",
            "is 'kplug.layers:Dense', which is a module of kplug and not one to lend",
        ),
        (
            "layers._Pond",
            "kplug_ponds:Pond",
            "is not used. Give the object a name of letters, digits and underscores, such as "
            "'layers.Crop'",
        ),
    ],
)
def test_an_object_that_is_never_used_is_a_problem(
    install: Sandbox, name: str, target: str, problem: str
) -> None:
    _install(install, **{name: target})
    expected = f"{name!r} in its entry points of the group 'kplug.modules' {problem}"
    assert install.problems("kplug-ponds") == [expected]


@pytest.mark.parametrize(("name", "distribution"), homes.LENT.items())
def test_what_is_ours_says_what_to_install(name: str, distribution: str) -> None:
    vars(kplug).pop(name, None)  # another test may have used it
    expected = (
        f"kplug.{name} is lent by {distribution}, which is not installed\n"
        f"  Install it with: pip install {distribution}"
    )
    with pytest.raises(MissingModuleError, match=f"^{re.escape(expected)}$"):
        lent_modules.find_spec(name)
    with pytest.raises(AttributeError) as caught:
        lent_modules.get_lent(name)
    owner, _, attribute = f"kplug.{name}".rpartition(".")
    assert str(caught.value) == f"module {owner!r} has no attribute {attribute!r}: {expected}"


@pytest.mark.parametrize("ref", ["RandomFlip", "random_flip", "kplug/RandomFlip"])
def test_a_layer_of_ours_says_what_to_install(install: Sandbox, ref: str) -> None:
    kplug.reload()
    with pytest.raises(ResolutionError, match=r"kplug-preprocessing offers it: pip install kplug-"):
        kplug.resolve("layer", ref)
