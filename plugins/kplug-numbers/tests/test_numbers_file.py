"""``numbers.json``: written, read, found in distributions and wheels, refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from kplug_numbers import Part, Reading, ReadingError
from kplug_numbers.numbers_file import (
    MOST_FILE_BYTES,
    NumbersFile,
    find_numbers,
    find_source,
    read_file,
    read_wheel,
    write_file,
)

READING = Reading("loss", "acme/dice", 1, "2.12.0", {"value": Part(raises="ValueError")})
CONTENT = NumbersFile({("loss", "acme/dice"): READING}, {("metric", "acme/auc"): "it is random"})


def test_what_is_written_is_read_with_a_reading_a_line(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    write_file(path, CONTENT)
    assert read_file(path) == CONTENT
    assert json.loads(path.read_text())["unread"] == [["metric", "acme/auc", "it is random"]]
    assert path.read_text().count("\n") == 6
    write_file(path, NumbersFile())
    assert read_file(path) == NumbersFile()


def _unread(kind: str, spec: str, reason: str = "it is random") -> bytes:
    return json.dumps({"format": 1, "readings": [], "unread": [[kind, spec, reason]]}).encode()


HOSTILE = {
    "empty": b"",
    "truncated": CONTENT.to_json().encode()[:-9],
    "not an object": b"[]",
    "a newer format": b'{"format":2,"readings":[],"unread":[]}',
    "no readings": b'{"format":1,"unread":[]}',
    "readings as an object": b'{"format":1,"readings":{},"unread":[]}',
    "a reading twice": CONTENT.to_json().replace('"unread"', ',"x":[],"unread"').encode(),
    "a wrong reading": b'{"format":1,"readings":[{}],"unread":[]}',
    "a wrong reason": b'{"format":1,"readings":[],"unread":[["loss"]]}',
    "a spec that is none": b'{"format":1,"readings":[],"unread":[["loss","(((","it is random"]]}',
    "a kind with a colour": _unread("loss\x1b[31m", "acme/x"),
    "a spec with lines": _unread("loss", "acme/x(name='\n')"),
    "a long kind": _unread("l" * 201, "acme/x"),
    "a long spec": _unread("loss", "x" * 5000),
    "a format that equals 1": b'{"format":true,"readings":[],"unread":[]}',
    "too many": b'{"format":1,"readings":[' + b"0," * 5000 + b'0],"unread":[]}',
    "gigabytes": b" " * (MOST_FILE_BYTES + 1),
}
HOSTILE["a reading twice"] = json.dumps(
    {"format": 1, "readings": [READING.as_data()] * 2, "unread": []}
).encode()


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_wrong_is_refused_with_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    path.write_bytes(content)
    with pytest.raises(ReadingError, match=r"numbers\.json: "):
        read_file(path)


def test_a_reason_is_one_line_of_limited_length() -> None:
    content = _unread("loss", "acme/x", "it\nsame: all \x1b[2J" + "e" * 1000)
    (reason,) = NumbersFile.from_json(content, "a file").unread.values()
    assert reason.startswith("it same: all ?[2Jeee")
    assert reason.isprintable()
    assert len(reason) == 500


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    with path.open("wb") as file:
        file.truncate(2**33)  # takes no room on the disk
    with pytest.raises(ReadingError, match="larger than"):
        read_file(path)


def _write_wheel(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():
            wheel.writestr(name.replace("__", "/") + ".json", content)
    return path


def test_a_wheel_is_read_without_installing_it(tmp_path: Path) -> None:
    content = CONTENT.to_json().encode()
    path = _write_wheel(tmp_path / "a.whl", acme__numbers=content, acme__deeper__numbers=b"[]")
    assert read_wheel(path) == CONTENT


def test_wheels_without_numbers_and_bombs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match=r"has no numbers\.json"):
        read_wheel(_write_wheel(tmp_path / "a.whl", acme__other=b""))
    with pytest.raises(ReadingError, match="larger than"):
        read_wheel(_write_wheel(tmp_path / "b.whl", acme__numbers=b" " * 2**26))
    (tmp_path / "c.whl").write_bytes(b"no archive")
    for name in ("c.whl", "missing.whl"):
        with pytest.raises(ReadingError, match="cannot be read"):
            read_wheel(tmp_path / name)


@pytest.mark.parametrize("how", ["DEFLATED", "BZIP2", "LZMA"])
def test_a_corrupt_wheel_is_refused_with_its_name(how: str, tmp_path: Path) -> None:
    path = tmp_path / "acme-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", getattr(zipfile, f"ZIP_{how}")) as wheel:
        wheel.writestr("acme/numbers.json", json.dumps([str(at * 7919) for at in range(3000)]))
    content = bytearray(path.read_bytes())
    start = 60  # behind the header of the member
    content[start : start + 200] = bytes(byte ^ 0xFF for byte in content[start : start + 200])
    path.write_bytes(content)
    with pytest.raises(ReadingError, match=r"acme-0\.1-py3-none-any\.whl' cannot be read: "):
        read_wheel(path)


def test_a_folder_of_a_wheel_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "acme-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("acme\nsame: all/numbers.json", b"")
    with pytest.raises(ReadingError) as caught:
        read_wheel(path)
    assert "\n" not in caught.value.message


def test_the_file_of_a_distribution_is_found_in_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_source("kplug-penalties").parts[-2:] == ("kplug_penalties", "numbers.json")
    package, info = tmp_path / "found_in_package", tmp_path / "found-1.0.dist-info"
    for folder in (package, info):
        folder.mkdir()
    (package / "__init__.py").touch()
    write_file(package / "numbers.json", CONTENT)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: found\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kplug.losses]\ndice = found_in_package:dice\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_numbers("found") == CONTENT
    assert find_numbers("pluggy") is None


def test_a_place_is_known_for_editable_distributions_alone() -> None:
    with pytest.raises(ReadingError, match="not installed in editable mode"):
        find_source("pluggy")
    with pytest.raises(ReadingError, match="no distribution 'no-such-thing' is installed"):
        find_source("no-such-thing")
