"""Asks the search of the built site, in chromium, what a reader would ask."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

LOADING = 120_000  # milliseconds until the index is read, on a busy machine
SEARCHING = 15_000
# The section that has to be the first hit.
FIRST = {
    "class weight": "guide/#class-weights-and-sample-weights",
    "custom loss": "guide/#a-custom-loss",
    "early stopping": "components/callbacks/kplug-early_stopping/",
    "export": "export/",
    "grid search": "recipes/search/",
    "learning rate schedule": "guide/#learning-rate-schedules",
    "mixed precision": "guide/#mixed-precision",
    "onnx": "export/",
    "resume": "files/#resume-training",
    "save model": "files/#save-models",
}


def find_misplaced(site: Path) -> Iterator[str]:
    """Yield the searches whose first hit is another section."""
    handler = functools.partial(Quiet, directory=str(site))
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        ) as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        address = f"http://127.0.0.1:{server.server_port}/"
        page.goto(address, timeout=LOADING)
        page.locator(".md-search__button").click()
        box = page.get_by_role("combobox")
        for text, section in FIRST.items():
            box.fill(text, timeout=LOADING)
            path, _, anchor = section.partition("#")
            expected = f"{address}{path}?h={text.replace(' ', '+')}#{anchor}".rstrip("#")
            hit = page.locator("[role=option][aria-posinset='1']")
            # The hits of the search before stay until there are new ones.
            try:
                expect(hit).to_have_attribute("href", expected, timeout=SEARCHING)
            except AssertionError:
                yield f"the search for {text!r} has {hit.get_attribute('href')} first, not {expected}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    faults = list(find_misplaced(Path(__file__).resolve().parents[1] / "build" / "site"))
    raise SystemExit("\n".join(faults) or None)
