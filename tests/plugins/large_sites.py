"""Signed sites of many synthetic distributions, and what is paid at them: for a test and for a benchmark."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from kplug_registry.building import build_site
from kplug_registry.publishing import publish
from kplug_registry.site_format import ComponentEntry
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.wheels import WheelContents, read_wheel, read_wheels
from packaging.utils import canonicalize_name

from kplug import lookup_key
from tests.plugins.signed_sites import SignedFolder
from tests.plugins.site_server import Server

NOW = "2026-01-31T12:00:00Z"
STARTS = ("wave", "pond", "dice", "focal", "hinge", "tide", "ebb", "shore", "reef", "surf")
ENDS = ("", "net", "line", "mark", "fall", "ward", "wise", "ring", "ling", "dom")
WORDS = [f"{start}{end}" for start in STARTS for end in ENDS]
DOCUMENTATION = "    One line of documentation, as long as they are.\n" * 10


def write_wheel(folder: Path, number: int, components: int, version: str = "1.0") -> Path:
    """Write the wheel of a synthetic distribution with losses; the same number makes the same wheel."""
    drawn = random.Random(number)
    package = f"kplug_synthetic_{number}"
    info = f"{package}-{version}.dist-info"
    names = _draw_names(drawn, number, components)
    code = [
        f"def {name}(y_true, y_pred, smooth=1e-05, reduction='mean'):\n"
        f'    """{" ".join(drawn.choices(WORDS, k=5))}\n\n{DOCUMENTATION}    """\n'
        "    return ((y_true - y_pred) ** 2 + smooth).mean()\n"
        for name in names
    ]
    points = "".join(f"{name} = {package}:{name}\n" for name in names)
    files = {
        f"{package}/__init__.py": "\n\n".join(code),
        f"{info}/METADATA": _write_metadata(package, version),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[kplug.losses]\n{points}",
    }
    rows = [f"{name},{_hash(text)},{len(text)}\n" for name, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
    path = folder / f"{package}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def generate_versions(
    wheel: Path, number: int, components: int, versions: int
) -> Iterator[WheelContents]:
    """Yield versions of a distribution as if their wheels had been read; each is a copy of one file.

    Args:
        wheel: That file.
        number: The number of the distribution.
        components: Losses of each version.
        versions: How many versions: 1.0, 1.1, 1.2 and so on.
    """
    drawn = random.Random(number)
    package = f"kplug_synthetic_{number}"
    entries = [
        ComponentEntry(
            "loss",
            name,
            f"{package}:{name}",
            signature="(y_true, y_pred, smooth=1e-05, reduction='mean')",
            summary=" ".join(drawn.choices(WORDS, k=5)),
            documentation=DOCUMENTATION,
        )
        for name in _draw_names(drawn, number, components)
    ]
    first = read_wheel(wheel)
    for minor in range(versions):
        version = f"1.{minor}"
        text = _write_metadata(package, version).encode()
        yield replace(
            first,
            file=replace(
                first.file,
                filename=f"{package}-{version}-py3-none-any.whl",
                metadata_sha256=hashlib.sha256(text).hexdigest(),
            ),
            metadata=replace(
                first.metadata, name=canonicalize_name(package), version=version, text=text
            ),
            packages=(package,),
            components=tuple(sorted(entries, key=lambda entry: lookup_key(entry.name))),
        )


def _draw_names(drawn: random.Random, number: int, components: int) -> list[str]:
    return [f"{drawn.choice(WORDS)}_{number}_{place}" for place in range(components)]


def _write_metadata(package: str, version: str) -> str:
    return (
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        "Summary: A plugin.\nRequires-Dist: kplug\nRequires-Python: >=3.10\n"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


class LargeSite:
    """A site, built of wheels and signed.

    Args:
        folder: Where everything is written.
        distributions: How many.
        components: Losses of each.
        versions: Versions of each. With more than one, wheels are not read: what they hold is generated.

    Attributes:
        elapsed: Seconds until the site was built.
        writing: Processor seconds of this process: all, but for wheels that others have read.
        reading: Processor seconds of the processes that read wheels; none do if there are few.
        size: What it takes before it is signed; signatures are few, and copies by hash are second names.
        signing: Processor seconds until all of it was signed.
        memory: The most memory that this process had when the site was built, in bytes.
    """

    def __init__(
        self, folder: Path, distributions: int, components: int, versions: int = 1
    ) -> None:
        self.distributions, self.components, self.versions = distributions, components, versions
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        self.site = folder / "site"
        numbers = range(distributions)
        if versions > 1:
            copied = write_wheel(self.wheels, 0, components)
            wheels: Iterable[WheelContents] = chain.from_iterable(
                generate_versions(copied, number, components, versions) for number in numbers
            )
        else:
            for number in numbers:
                write_wheel(self.wheels, number, components)
            wheels = read_wheels(self.wheels.iterdir())
        before = os.times()
        build_site(wheels, self.site, NOW)
        after = os.times()
        self.elapsed = after.elapsed - before.elapsed
        self.writing = after.user + after.system - before.user - before.system
        self.reading = (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
        self.memory = _read_most_memory()
        self.size = _measure_files(self.site)
        root = make_root(generate_keys(folder / "keys"))
        keys = read_keys(folder / "keys")
        for path, data in lay_out_root(root).items():
            (self.site / path).parent.mkdir(exist_ok=True)
            (self.site / path).write_bytes(data)
        start = time.process_time()
        sign_site(Folder(self.site), keys)
        self.signing = time.process_time() - start
        self.signed = SignedFolder(self.site, keys, root, folder / "copy")

    def publish(self, number: int, version: str = "1.0") -> Written:
        """Publish a distribution, or a further version of one."""
        wheel = read_wheel(write_wheel(self.wheels, number, self.components, version))
        start = time.process_time()
        paths = publish([wheel], Folder(self.site), NOW, self.signed.keys)
        seconds = time.process_time() - start
        there = [path for path in paths if (self.site / path).exists()]  # old metadata is removed
        return Written(seconds, {path: (self.site / path).stat().st_size for path in there})

    def look_up(self, number: int) -> list[tuple[int, int]]:
        """Look a component up twice, as one that has seen nothing; return requests and bytes of each."""
        name = f"{random.Random(number).choice(WORDS)}{number}0"
        server = Server(self.site)
        costs = []
        for _ in ("cold", "warm"):
            assert self.signed.client(server.address).fetch(f"components/loss/{name}.json")
            costs.append((len(server.take_requests()), server.bytes_sent))
            server.bytes_sent = 0
        server.close()
        return costs

    def search(self, text: str) -> Searched:
        """Search in chromium, which has seen nothing of the site before."""
        from playwright.sync_api import sync_playwright

        server = Server(self.site)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = chromium.new_page()
            requests: list[Any] = []
            page.on("requestfinished", lambda request: requests.append(request))
            page.goto(f"{server.address}index.html")
            page.get_by_label("Find a component").fill(text)
            page.locator("#status", has_text=re.compile("component|Nothing")).wait_for()
            sizes = [request.sizes() for request in requests]
            hits = page.locator("#hits li").count()
            chromium.close()
        server.close()
        received = sum(each["responseHeadersSize"] + each["responseBodySize"] for each in sizes)
        return Searched(received, len(sizes), hits)


@dataclass(frozen=True)
class Written:
    """The cost of one publish.

    Args:
        seconds: Processor time.
        sizes: The lengths of the files that were written, by path.
    """

    seconds: float
    sizes: dict[str, int]


@dataclass(frozen=True)
class Searched:
    """The cost of a search in a browser, the page and its assets included.

    Args:
        received: Bytes, with the headers; nothing is compressed.
        requests: How many.
        hits: Components that are shown.
    """

    received: int
    requests: int
    hits: int


@dataclass
class Size:
    """The size of a folder: its files, their bytes, and the bytes of the blocks that they take."""

    files: int = 0
    bytes: int = 0
    blocks: int = 0


def _measure_files(folder: Path) -> Size:
    size, waiting = Size(), [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                else:
                    found = entry.stat()
                    size.files += 1
                    size.bytes += found.st_size
                    size.blocks += found.st_blocks * 512
    return size


def _read_most_memory() -> int:
    """Return the most memory that this process ever had, in bytes, on Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0
