"""The HTTP headers of a site's files: content types, and for how long caches may keep them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

PAGES_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/atom+xml",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".whl": "application/zip",
    ".metadata": "text/plain; charset=utf-8",
    ".provenance": "application/vnd.pypi.integrity.v1+json",  # PEP 740
}
_NAMED_BY_CONTENT = re.compile(r"(.*/)?(targets/(.+/)?[0-9a-f]{64}|metadata/[0-9]+)\.[^/]+")
_NEVER_REPLACED = ("files/", "numbers/", "pictures/")
_READ_BY_PEOPLE = re.compile(r"index\.html|feed\.xml|catalogue/.*")


def find_content_type(path: str) -> str:
    """Return the content type of a file by its path in the site.

    Example:
        >>> find_content_type("simple/kplug-waves/index.json")
        'application/vnd.pypi.simple.v1+json'
    """
    suffix = PurePosixPath(path).suffix
    is_page = path.startswith("simple/") and suffix == ".json"
    return PAGES_JSON if is_page else _CONTENT_TYPES.get(suffix, "application/octet-stream")


def find_cache_control(path: str) -> str:
    """Return the ``Cache-Control`` of a file by its path in the site.

    A file whose name has its hash or version never changes. Of the others, pages for people may be a minute
    old, and caches ask whether the rest is still the newest.

    Example:
        >>> find_cache_control("metadata/3.snapshot.json")
        'public, max-age=31536000, immutable'
        >>> find_cache_control("numbers/5e88.json")
        'public, max-age=31536000, immutable'
        >>> find_cache_control("index.html"), find_cache_control("metadata/latest.json")
        ('public, max-age=60', 'no-cache')
    """
    if is_immutable(path) or path.startswith(_NEVER_REPLACED):
        return "public, max-age=31536000, immutable"
    return "public, max-age=60" if _READ_BY_PEOPLE.fullmatch(path) else "no-cache"


def is_immutable(address: str) -> bool:
    """Whether the path or the URL of signed content always leads to the same.

    Example:
        >>> is_immutable("https://plugins.example.com/metadata/3.bin-16-a.json")
        True
        >>> is_immutable("search/3.json"), is_immutable("metadata/timestamp.json")
        (False, False)
    """
    return _NAMED_BY_CONTENT.fullmatch(address) is not None
