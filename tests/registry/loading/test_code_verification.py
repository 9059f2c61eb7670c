"""A hash stands for the code that runs, or is not given."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.registry import REGISTRY, get_kind, parse_spec
from kplug.registry.errors import KplugError
from kplug.registry.loading import code_verification
from kplug.registry.loading.running_builds import Build, find_build_here
from kplug.registry.names.lookup import look_up

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

SOURCE = (
    "from kplug_pond import depth\n\nfactor = 2\n\n\ndef lake(weight_matrix):\n    return factor\n"
)
DEPTH = "def metres():\n    return 3\n"
NOT_AS_INSTALLED = "the file of 'kplug_lake' is not as it was installed"


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(code_verification, "_READ", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in [name for name in sys.modules if name.startswith(("kplug_lake", "kplug_pond"))]:
        del sys.modules[name]


@pytest.fixture
def lake(install: Sandbox) -> Sandbox:
    """Install a plugin of a module and a package of helpers."""
    install(
        "kplug-lake",
        entry_points={"kplug.regularizers": {"lake": "kplug_lake:lake"}},
        modules={
            "kplug_lake.py": SOURCE,
            "kplug_pond/__init__.py": "",
            "kplug_pond/depth.py": DEPTH,
            "kplug_pond/later.py": DEPTH,
        },
    )
    install.record("kplug-lake")
    return install


def load(ref: str = "lake") -> ModuleType:
    REGISTRY.load(look_up(get_kind("regularizer"), parse_spec(ref)).component)
    return sys.modules["kplug_lake"]


def build() -> Build:
    found = find_build_here("kplug-lake")
    assert found is not None
    return found


def test_an_installation_as_it_was_made_has_a_hash(lake: Sandbox) -> None:
    before = build()
    load()
    assert build() == before
    assert str(before.hash).startswith("sha256:")
    assert before.doubt == ""


@pytest.mark.parametrize("is_loaded", [False, True])
def test_a_module_of_the_working_directory(
    lake: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_loaded: bool
) -> None:
    other = tmp_path / "work"
    other.mkdir()
    (other / "kplug_lake.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(other))
    if is_loaded:
        load()
    place = "was imported" if is_loaded else "is imported"
    assert build() == Build("1.0")
    assert build().doubt == (
        f"'kplug_lake' {place} from another place than the one that it is installed in"
    )


def test_a_helper_of_the_working_directory(
    lake: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work" / "kplug_pond").mkdir(parents=True)
    for name in ("__init__.py", "depth.py"):
        (tmp_path / "work" / "kplug_pond" / name).write_text(DEPTH)
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    load()
    assert "'kplug_pond' was imported from another place" in build().doubt


def test_two_distributions_with_one_file(lake: Sandbox) -> None:
    entries = {"kplug.regularizers": {"sea": "kplug_lake:lake"}}
    lake("kplug-sea", entry_points=entries, modules={"kplug_lake.py": SOURCE + "# other\n"})
    lake.record("kplug-sea")
    load("sea")
    assert (build(), build().doubt) == (Build("1.0"), NOT_AS_INSTALLED)
    sea = find_build_here("kplug-sea")
    assert sea is not None
    assert sea.hash


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("file", ["kplug_lake.py", "kplug_pond/depth.py"])
def test_an_edited_file(lake: Sandbox, file: str, is_loaded: bool) -> None:
    (lake.folder / file).write_text((lake.folder / file).read_text() + "# edited\n")
    if is_loaded:
        load()
    assert (build().hash, build().doubt) == (
        None,
        f"the file of {file.removesuffix('.py').replace('/', '.')!r} is not as it was installed",
    )


def test_a_module_that_was_imported_from_another_text_and_restored(lake: Sandbox) -> None:
    path = lake.folder / "kplug_lake.py"
    path.write_text(SOURCE.replace("= 2", "= 9"))
    load()
    path.write_text(SOURCE)
    assert (build().hash, build().doubt) == (None, "'kplug_lake.factor' is not what its file says")


def test_a_module_that_was_reloaded_from_another_text(lake: Sandbox) -> None:
    module = load()
    assert build().hash
    path = lake.folder / "kplug_lake.py"
    path.write_text(SOURCE + "# other\n")
    assert build().hash  # what runs is what was imported
    importlib.reload(module)
    assert (build().hash, build().doubt) == (None, NOT_AS_INSTALLED)
    path.write_text(SOURCE)
    importlib.reload(module)
    assert build().hash


def test_a_replaced_function_and_its_code(lake: Sandbox) -> None:
    module = load()
    assert build().hash
    original, code = module.lake, module.lake.__code__
    module.lake = lambda weight_matrix: 0  # type: ignore[attr-defined]
    assert build().doubt == "'kplug_lake.lake' is not what its file says"
    module.lake = original  # type: ignore[attr-defined]
    original.__code__ = (lambda weight_matrix: 0).__code__
    assert build().doubt == "'kplug_lake.lake' is not what its file says"
    original.__code__ = code
    assert build().hash


def test_code_that_runs_can_hide_what_it_has_replaced(lake: Sandbox) -> None:
    module: Any = load()
    module.factor = 9
    assert build().hash is None
    known = code_verification._READ["kplug_lake"]
    code_verification._READ["kplug_lake"] = known._replace(outline=None)
    assert build().hash


def test_a_helper_that_is_imported_after_the_hash_was_computed(lake: Sandbox) -> None:
    load()
    assert build().hash
    (lake.folder / "kplug_pond" / "later.py").write_text("def metres():\n    return 4\n")
    assert build().hash
    importlib.import_module("kplug_pond.later")
    assert build().doubt == "the file of 'kplug_pond.later' is not as it was installed"


def test_bytecode_of_another_source(lake: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lake.folder / "kplug_lake.py"
    other = compile(SOURCE.replace("return factor", "return 9"), str(path), "exec")
    with monkeypatch.context() as context:
        context.setattr(SourceFileLoader, "get_code", lambda self, name: other)
        module: Any = importlib.import_module("kplug_lake")
    assert module.lake(1) == 9
    assert build().doubt == "'kplug_lake.lake' is not what its file says"


class _Loader(SourceFileLoader):
    """A loader that could change what it loads."""


def test_loaders_that_may_change_code(lake: Sandbox) -> None:
    module = load()
    assert module.__spec__ is not None
    module.__spec__.loader = _Loader("kplug_lake", str(lake.folder / "kplug_lake.py"))
    assert build().doubt == "'kplug_lake' was imported by _Loader, which may change code"


def test_a_module_in_memory(lake: Sandbox) -> None:
    module = ModuleType("kplug_lake")
    exec(SOURCE, vars(module))
    sys.modules["kplug_lake"] = module
    load()
    assert "'kplug_lake' was imported from another place" in build().doubt


def test_a_module_that_says_another_file(lake: Sandbox) -> None:
    (lake.folder / "kplug_lake.py").write_text(SOURCE.replace("return factor", "return 9"))
    module = load()
    good = lake.folder / "good.py"
    good.write_text(SOURCE)
    module.__file__ = str(good)
    assert build().doubt == NOT_AS_INSTALLED


def test_a_wheel_on_the_search_path(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib_metadata import PathDistribution

    from kplug.registry.loading.distribution_hash import digest_of, read_code

    path = tmp_path / "lake.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kplug_lake.py", "def lake(w):\n    return 1\n")
        digest = digest_of(b"def lake(w):\n    return 1\n")
        archive.writestr("lake-1.0.dist-info/RECORD", f"kplug_lake.py,sha256={digest},1\n")
    monkeypatch.syspath_prepend(str(path))
    module: Any = importlib.import_module("kplug_lake")
    code = read_code(PathDistribution(zipfile.Path(path, "lake-1.0.dist-info/")))  # type: ignore[arg-type]
    assert code_verification.find_doubt(code, ["kplug_lake"]) == ""
    assert code_verification.find_doubt_of_files(code) == ""
    module.lake = functools.partial(module.lake)
    assert code_verification.find_doubt(code, ["kplug_lake"]) == ""  # it is the same function
    module.lake = None
    assert code_verification.find_doubt(code, ["kplug_lake"]) != ""


def test_a_namespace_package(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {"kplug.regularizers": {"lake": "kplug_lake.inner.here:lake"}}
    modules = {"kplug_lake/inner/here.py": "def lake(w):\n    return 1\n"}
    install("kplug-lake", entry_points=entries, modules=modules)
    install.record("kplug-lake")
    assert build().hash
    REGISTRY.load(look_up(get_kind("regularizer"), parse_spec("lake")).component)
    assert build().hash


def test_a_package_that_hides_a_namespace_package(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("kplug-lake", modules={"kplug_lake/here.py": "def lake(w):\n    return 1\n"})
    install.record("kplug-lake")
    (tmp_path / "work" / "kplug_lake").mkdir(parents=True)
    (tmp_path / "work" / "kplug_lake" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    assert "'kplug_lake' is imported from another place" in build().doubt


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (
            {"KPLUG_PLUGINS": "kplug-lake==1.0", "KPLUG_STRICT": "1"},
            f"KPLUG_STRICT is on, and its code cannot be vouched for: {NOT_AS_INSTALLED}",
        ),
        (
            {"KPLUG_PLUGINS": "kplug-lake --hash={hash}"},
            f"KPLUG_PLUGINS names a hash, and it has none: {NOT_AS_INSTALLED}",
        ),
    ],
)
def test_settings_that_pin_refuse_what_nobody_can_vouch_for(
    lake: Sandbox, monkeypatch: pytest.MonkeyPatch, setting: dict[str, str], reason: str
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value.format(hash=build().hash))
    (lake.folder / "kplug_lake.py").write_text(SOURCE + "# edited\n")
    kplug.reload()
    with pytest.raises(KplugError) as caught:
        load()
    assert reason in str(caught.value)
    assert "kplug_lake" not in sys.modules
    (lake.folder / "kplug_lake.py").write_text(SOURCE)
    kplug.reload()
    load()


def test_strict_refuses_code_that_shows_only_once_it_runs(
    lake: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_PLUGINS", "kplug-lake==1.0")
    monkeypatch.setenv("KPLUG_STRICT", "1")
    path = lake.folder / "kplug_lake.py"
    other = compile(SOURCE.replace("return factor", "return 9"), str(path), "exec")
    get_code = SourceFileLoader.get_code

    def get(self: Any, name: str) -> Any:
        return other if name == "kplug_lake" else get_code(self, name)

    monkeypatch.setattr(SourceFileLoader, "get_code", get)
    kplug.reload()
    with pytest.raises(KplugError, match=r"'kplug_lake\.lake' is not what its file says"):
        load()


def test_a_list_of_names_does_not_read_the_files(
    lake: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_PLUGINS", "kplug-lake==1.0")
    (lake.folder / "kplug_lake.py").write_text(SOURCE + "# edited\n")
    monkeypatch.setattr(code_verification, "_read", lambda path: pytest.fail("it was read"))
    kplug.reload()
    load()


_OWN_CODE = """
import sys
from importlib.metadata import distributions
from kplug.registry import KINDS, REGISTRY
from kplug.registry.loading.module_ownership import find_distribution
from kplug.registry.loading.distribution_hash import read_code
from kplug.registry.loading.code_verification import find_doubt

for kind in KINDS.values():
    for component in REGISTRY.index(kind).components:
        REGISTRY.load(component)
for name in {one.name.replace("_", "-").lower() for one in distributions()}:
    if name.partition("-")[0] == "kplug":
        code = read_code(find_distribution(name))
        if doubt := find_doubt(code, code.files):
            print(name, doubt)
"""


@pytest.mark.slow  # it imports the libraries of all plugins
def test_nothing_is_doubted_of_kplug_and_its_plugins_as_they_are_installed() -> None:
    done = subprocess.run([sys.executable, "-c", _OWN_CODE], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
