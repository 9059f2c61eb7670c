"""Wheels that reach beyond their own packages are refused, and found where they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError, WheelError
from kplug_registry.placement import PlacedFile, find_foreign_files
from kplug_registry.placement.installed_plugins import find_foreign_installed
from kplug_registry.publishing import publish
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

import kplug

MakeWheel = Callable[..., Path]
Install = Callable[[Path], Path]
NOW = "2026-01-31T12:00:00Z"
CODE = "def wave_loss(y_true, y_pred): ...\n"
DATA = "kplug_waves-1.0.data"
POINTS = "[kplug.losses]\nwave_loss = kplug_waves:wave_loss\n"
BY_START = "Python imports it whenever it starts"
OUTSIDE = "it lies outside of the folders of packages, of commands and of share/"
COMMAND = "a command of this name belongs to others"
PACKAGES = f"{DATA}/data/lib/python3.11/site-packages"
NOT_OWN = "it lies in no folder with the name kplug-waves"
OF_TORCH = "torch belongs to the distribution torch"


def write(make_wheel: MakeWheel, file: str, **facts: Any) -> Path:
    return make_wheel(code={"kplug_waves/__init__.py": CODE, file: "x = 1\n"}, **facts)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("waves.pth", "Python runs its lines whenever it starts"),
        ("waves.PTH", "Python runs its lines whenever it starts"),
        ("waves.start", "Python runs its lines whenever it starts"),
        (f"{DATA}/purelib/waves.pth", "Python runs its lines whenever it starts"),
        (f"{DATA}/platlib/sitecustomize.py", BY_START),
        ("sitecustomize.py", BY_START),
        ("usercustomize/__init__.py", BY_START),
        ("usercustomize.cpython-311-x86_64-linux-gnu.so", BY_START),
        ("_virtualenv.py", BY_START),
        ("__editable___waves_1_finder.py", BY_START),
        ("__editable__.waves/__init__.py", BY_START),
        ("_editable_impl_waves.py", BY_START),
        ("_waves_editable_loader.py", BY_START),
        ("pywin32_bootstrap/__init__.py", BY_START),
        ("coverage/__init__.py", "coverage belongs to the distribution coverage"),
        ("__PyCache__/six.cpython-311.pyc", "six belongs to the distribution six"),
        ("kplug/extra.py", "kplug belongs to the distribution kplug"),
        ("Kplug/extra.py", "kplug belongs to the distribution kplug"),
        ("torch/_waves.py", "torch belongs to the distribution torch"),
        ("sklearn.py", "sklearn belongs to the distribution scikit-learn"),
        ("__pycache__/six.cpython-311.pyc", "six belongs to the distribution six"),
        ("json.py", "json is a module of Python"),
        ("kplug-9.0.data/purelib/kplug.py", "kplug belongs to the distribution kplug"),
        (f"{DATA}/purelib/kplug-9.0.dist-info/METADATA", OUTSIDE),
        ("torch-9.0.egg-info/PKG-INFO", "it is metadata of another distribution"),
        (f"{DATA}/scripts/pip", COMMAND),
        (f"{DATA}/scripts/Python.exe", COMMAND),
        (f"{DATA}/scripts/kplug-script.py", COMMAND),
        (f"{DATA}/data/bin/python3.11", COMMAND),
        (f"{DATA}/scripts/deep/waves", OUTSIDE),
        (f"{DATA}/data/Scripts/Kplug.exe", COMMAND),
        (f"{DATA}/scripts/huggingface-cli", COMMAND),
        (f"{DATA}/scripts/jupyter-kernel", COMMAND),
        (f"{DATA}/scripts/Git.vbs", COMMAND),
        (f"{DATA}/data/bin/activate.fish", COMMAND),
        (f"{DATA}/data/bin/activate_this.py", COMMAND),
        (f"{DATA}/scripts/pygmentize", COMMAND),
        (f"{DATA}/data/include/python3.11/Python.h", NOT_OWN),
        (f"{DATA}/data/Include/site/python3.11/greenlet/kplug_waves", NOT_OWN),
        (f"{DATA}/data/share/jupyter/kernels/python3/kernel.json", NOT_OWN),
        ("greenlet-1.0.data/headers/greenlet.h", NOT_OWN),
        (f"{DATA}/data/opt/bin/waves", OUTSIDE),
        (f"{DATA}/Scripts/waves", OUTSIDE),
        (f"{DATA.upper()}/scripts/pip", COMMAND),
        (f"{PACKAGES}/waves.pth", "Python runs its lines whenever it starts"),
        (f"{PACKAGES}/torch/bin/torch_shm_manager", OF_TORCH),
        (f"{PACKAGES}/kplug/scripts/__init__.py", "kplug belongs to the distribution kplug"),
        (f"{PACKAGES}/sitecustomize/bin/__init__.py", BY_START),
        (f"{PACKAGES}/kplug_waves-1.0.dist-info/direct_url.json", OUTSIDE),
        (f"{DATA}/data/lib/python3.11/bin/json.py", OUTSIDE),
        (f"{DATA}/data/lib64/python3.13t/site-packages/Torch/lib/x.so", OF_TORCH),
        (f"{DATA}/data/Lib/Site-Packages/torch/scripts/x.py", OF_TORCH),
        (f"{DATA}/data/lib/python3/dist-packages/torch/bin/x", OF_TORCH),
        (f"{DATA}/platlib/torch/bin/x", OF_TORCH),
        ("numpy.libs/libopenblas.so", "numpy.libs belongs to the distribution numpy"),
        ("Scikit_Learn.libs/x.so", "scikit_learn.libs belongs to the distribution scikit-learn"),
        (f"{PACKAGES}/pillow.libs/x.so", "pillow.libs belongs to the distribution pillow"),
        ("anything.libs/x.so", "anything.libs belongs to the distribution anything"),
        ("nvidia/cudnn/lib/libcudnn.so.9", "nvidia belongs to the distribution nvidia"),
        ("zmq/backend/x.so", "zmq belongs to the distribution pyzmq"),
        ("kplug_registry/extra.py", "kplug_registry belongs to the distribution kplug-registry"),
        (f"{DATA}/purelib/kplug_waves-1.0.DIST-INFO/direct_url.json", OUTSIDE),
        (f"{DATA}/data/etc/conda/activate.d/waves.sh", OUTSIDE),
        (f"{DATA}/stdlib/waves.py", OUTSIDE),
    ],
)
def test_a_file_beyond_the_wheels_own_packages_is_refused(
    make_wheel: MakeWheel, file: str, reason: str
) -> None:
    with pytest.raises(WheelError) as refused:
        read_wheel(write(make_wheel, file))
    wheel = "kplug_waves-1.0-py3-none-any.whl"
    assert refused.value.message == f"{wheel}: it brings {file[:80]!r}: {reason}"


@pytest.mark.parametrize("file", ["direct_url.json", "Direct_URL.json"])
def test_a_file_that_only_an_installer_writes_is_refused(make_wheel: MakeWheel, file: str) -> None:
    path = write(make_wheel, f"kplug_waves-1.0.dist-info/{file}")
    with pytest.raises(WheelError, match=rf"{file}': only an installer writes that"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("file", "other"),
    [
        (f"{DATA}/purelib/kplug_waves/__init__.py", "kplug_waves/__init__.py"),
        (f"{DATA}/platlib/Kplug_Waves/__init__.py", "kplug_waves/__init__.py"),
        (f"{PACKAGES}/kplug_waves/__init__.py", "kplug_waves/__init__.py"),
        (f"{DATA}/data/bin/waves", f"{DATA}/scripts/waves"),
    ],
)
def test_a_file_that_would_replace_another_of_its_wheel_is_refused(
    make_wheel: MakeWheel, file: str, other: str
) -> None:
    code = {"kplug_waves/__init__.py": CODE, f"{DATA}/scripts/waves": "#!python\n", file: "x = 1\n"}
    with pytest.raises(WheelError) as refused:
        read_wheel(make_wheel(code=code))
    assert refused.value.message.endswith(f": its files {other!r} and {file!r} have one place")


def test_metadata_in_other_case_is_refused(make_wheel: MakeWheel) -> None:
    path = write(make_wheel, "kplug_waves-1.0.DIST-INFO/direct_url.json")
    with pytest.raises(WheelError, match=r"it has 2 folders \.dist-info"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("points", "name", "reason"),
    [
        ("[console_scripts]\npip = kplug_waves:main\n", "console_scripts: pip", COMMAND),
        ("[gui_scripts]\nkplug = kplug_waves:main\n", "gui_scripts: kplug", COMMAND),
        (
            "[console_scripts]\n../kplug = kplug_waves:main\n",
            "console_scripts: ../kplug",
            "it is no name of a command",
        ),
        (
            "[torch.backends]\nwaves = kplug_waves:main\n",
            "torch.backends: waves",
            "torch imports it whenever torch is imported",
        ),
    ],
)
def test_an_entry_point_that_takes_what_is_of_others_is_refused(
    make_wheel: MakeWheel, points: str, name: str, reason: str
) -> None:
    with pytest.raises(WheelError) as refused:
        read_wheel(make_wheel(entry_points=POINTS + points))
    assert refused.value.message.endswith(f": it brings {name!r}: {reason}")


@pytest.mark.parametrize(
    "file",
    [
        "kplug_waves/data/torch/kplug.pth",
        "kplug_waves/sitecustomize.py",
        "waves.py",
        "LICENSE",
        f"{DATA}/purelib/kplug_waves/more.py",
        f"{DATA}/scripts/waves",
        f"{DATA}/data/share/waves/pip",
        f"{DATA}/data/bin/waves",
        f"{DATA}/data/Scripts/waves.exe",
        f"{PACKAGES}/kplug_waves/more.py",
        "kplug_waves/bin/pip",
        "kplug_waves.libs/libwaves.so",
        f"{DATA}/platlib/Kplug_Waves.libs/libwaves.so",
        f"{DATA}/headers/waves.h",
        f"{DATA}/data/include/python3.11/kplug_waves/waves.h",
        f"{DATA}/data/share/jupyter/kernels/kplug-waves/kernel.json",
        f"{DATA}/data/share/man/man1/waves.1",
    ],
)
def test_files_of_its_own_are_taken(make_wheel: MakeWheel, file: str) -> None:
    points = f"{POINTS}[console_scripts]\nkplug-waves = kplug_waves:main\n"
    assert read_wheel(write(make_wheel, file, entry_points=points)).components


def test_the_package_of_a_requirement_is_refused(make_wheel: MakeWheel) -> None:
    path = write(make_wheel, "kplug_tides/high.py", metadata="Requires-Dist: kplug.tides[sea]>=1\n")
    with pytest.raises(WheelError, match="kplug_tides belongs to the distribution kplug-tides"):
        read_wheel(path)


def test_the_package_of_another_distribution_of_the_site_is_refused(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    tides = make_wheel("kplug-tides", entry_points="[kplug.losses]\ntide = kplug_tides:wave_loss\n")
    build_site([read_wheel(tides)], tmp_path / "site", NOW)
    wheel = read_wheel(write(make_wheel, "kplug_tides/high.py"))
    with pytest.raises(PublishingError, match="brings 'kplug_tides', the package of kplug-tides"):
        publish([wheel], Folder(tmp_path / "site"), NOW)


@pytest.fixture
def reloaded() -> Iterator[None]:
    yield
    kplug.reload()


def run_doctor() -> list[tuple[str, str, str, bool]]:
    done = subprocess.run(
        [sys.executable, "-m", "kplug", "doctor", "--json"], capture_output=True, check=False
    )
    keys = ("about", "message", "command", "is_broken")
    found = json.loads(done.stdout)["findings"]
    return [tuple(one[key] for key in keys) for one in found if one["topic"] == "foreign"]


@pytest.mark.slow
def test_doctor_finds_them_where_they_are_installed(
    make_wheel: MakeWheel, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = f"{POINTS}[console_scripts]\npip = kplug_waves:main\n"
    install(write(make_wheel, "waves.pth", entry_points=points))
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-waves")  # which keeps no line of it from running
    assert run_doctor() == [
        ("kplug-waves 1.0", f"it has brought {what}", "pip uninstall kplug-waves", True)
        for what in (
            "'waves.pth': Python runs its lines whenever it starts",
            f"'console_scripts: pip': {COMMAND}",
        )
    ]


@pytest.mark.parametrize(
    ("lines", "is_found"),
    [
        ("/home/anna/waves/src\n", False),
        ("import __editable___waves_1_finder; __editable___waves_1_finder.install()", False),
        ("/home/anna/waves/src\nimport os; os.abort()\n", True),
        ("import\tos\n", True),
    ],
)
@pytest.mark.usefixtures("reloaded")
def test_doctor_knows_the_links_of_editable_installations(
    make_wheel: MakeWheel, install: Install, lines: str, is_found: bool
) -> None:
    direct = json.dumps({"url": "file:///home/anna/waves", "dir_info": {"editable": True}})
    files = {
        "_editable.pth": lines,
        "__editable___waves_1_finder.py": "",
        "kplug_waves-1.0.dist-info/direct_url.json": direct,
    }
    install(make_wheel(code={"kplug_waves/__init__.py": CODE, **files}))
    kplug.reload()
    found = [one for one in find_foreign_installed() if one.about.startswith("kplug-waves")]
    assert bool(found) is is_found


def test_doctor_finds_a_command_that_was_installed_beside_the_packages() -> None:
    rows = ["../../../bin/pip", "../../../bin/waves", "kplug_waves/__init__.py", "../../../etc/x"]
    found = find_foreign_files(map(PlacedFile.from_record, rows), "kplug-waves", ())
    assert [one.name for one in found] == ["../../../bin/pip", "../../../etc/x"]


@pytest.mark.parametrize(
    ("row", "is_found"),
    [
        ("../../../lib64/python3.11/site-packages/kplug_waves/fast.so", False),
        ("../../Scripts/waves.exe", False),
        ("../../../include/site/python3.11/kplug-waves/waves.h", False),
        ("..\\..\\Scripts\\waves.exe", False),
        ("kplug_waves\\bin\\pip", False),
        ("kplug_waves/at:noon", False),
        ("../../../lib64/python3.11/site-packages/torch/bin/x", True),
        ("torch\\bin\\x", True),
        ("../../../share/jupyter/kernels/python3/kernel.json", True),
        ("kplug_waves/../torch/bin/x", True),
        ("../site-packages/torch/bin/x", True),
        ("/usr/lib/python3.11/bin/x", True),
        ("//usr/x", True),
        ("C:/Python/bin/x", True),
        ("C:\\Python\\Lib\\x.py", True),
    ],
)
def test_doctor_reads_rows_of_other_systems(row: str, is_found: bool) -> None:
    found = find_foreign_files([PlacedFile.from_record(row)], "kplug-waves", ())
    assert [one.name for one in found] == [row] * is_found


@pytest.mark.parametrize(
    ("distribution", "file"),
    [
        ("kernels", "share/jupyter/kernels/python3/kernel.json"),
        ("jupyter", "share/jupyter/kernels/python3/kernel.json"),
        ("python3", "share/jupyter/kernels/python3/kernel.json"),
        ("python3-11", "include/python3.11/Python.h"),
        ("site", "include/site/python3.11/greenlet/greenlet.h"),
    ],
)
def test_a_name_that_all_folders_have_opens_none(distribution: str, file: str) -> None:
    placed = PlacedFile.from_record(f"../../../{file}")
    assert len(list(find_foreign_files([placed], distribution, ()))) == 1
