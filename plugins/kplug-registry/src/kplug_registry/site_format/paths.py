"""Paths of a site's files below its root, with ``/``.

Names that cannot be file names are refused, since they come from model files and users.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

from packaging.utils import canonicalize_name

from kplug import lookup_key
from kplug_registry.errors import SiteFormatError

RECALLS = "recalls.json"
PAGE_WRITERS = "catalogue/writers.json"
_KEY = re.compile(r"[a-z][a-z0-9]{0,99}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DISTRIBUTION = re.compile(r"[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?")
_VERSION = re.compile(r"[0-9][0-9a-z.!+]{0,99}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,199}\.whl")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RUN = re.compile(r"[\w-]+")
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")  # DiceCELoss: Dice, CE, Loss
_LONGEST_WORD = 40
_PREFIX_LENGTHS = (2, 3, 4)
_LOOK = str.maketrans("01i5", "olls")  # lookalike characters


def component_path(kind: str, name: str) -> str:
    """Return the path of the file about a name of a kind.

    Args:
        kind: The singular name of the kind.
        name: The name in any of its spellings.

    Raises:
        SiteFormatError: for a name that no component can have.

    Example:
        >>> component_path("loss", "DiceLoss")
        'components/loss/diceloss.json'
    """
    return f"components/{_check(_KIND, kind, 'kind')}/{_check(_KEY, lookup_key(name), 'name')}.json"


def distribution_path(name: str) -> str:
    """Return the path of the file about a distribution.

    Raises:
        SiteFormatError: for a name that no distribution can have.

    Example:
        >>> distribution_path("Kplug_Penalties")
        'distributions/kplug-penalties.json'
    """
    return f"distributions/{_check(_DISTRIBUTION, canonicalize_name(name), 'distribution')}.json"


def dependents_path(name: str) -> str:
    """Return the path of the file about those that require a distribution.

    Raises:
        SiteFormatError: for a name that no distribution can have.

    Example:
        >>> dependents_path("Kplug_Penalties")
        'dependents/kplug-penalties.json'
    """
    return f"dependents/{_check(_DISTRIBUTION, canonicalize_name(name), 'distribution')}.json"


def release_path(name: str, version: str) -> str:
    """Return the path of the file about a version of a distribution.

    Args:
        name: The name of the distribution.
        version: The version, in its normal form.

    Raises:
        SiteFormatError: for a name or a version that none can have.

    Example:
        >>> release_path("Kplug_Penalties", "1.0rc1")
        'releases/kplug-penalties/1.0rc1.json'
    """
    stem = _check(_DISTRIBUTION, canonicalize_name(name), "distribution")
    return f"releases/{stem}/{_check(_VERSION, version, 'version')}.json"


def is_distribution_name(name: str) -> bool:
    """Whether a distribution of a site can have a normalised name."""
    return _DISTRIBUTION.fullmatch(name) is not None


def lookalike_path(name: str) -> str:
    """Return the path of the file for all lookalikes of a distribution's name.

    Example:
        >>> lookalike_path("kplug-pond1") == lookalike_path("kplug_pondl") == lookalike_path("kp-lugpondI")
        True
    """
    _check(_DISTRIBUTION, canonicalize_name(name), "distribution")
    return f"lookalikes/{find_shape(canonicalize_name(name))}.json"


def find_shape(name: str) -> str:
    """Return what a normalised name shares with those that look the same.

    Example:
        >>> find_shape("kplug-vvave5")
        'kplugwaves'
    """
    shape = name.replace("-", "").translate(_LOOK)
    return shape.replace("rn", "m").replace("vv", "w")


def wheel_path(filename: str) -> str:
    """Return the path of a wheel.

    Raises:
        SiteFormatError: for an invalid file name of a wheel.
    """
    return f"files/{_check(_FILE, filename, 'wheel')}"


def provenance_path(filename: str) -> str:
    """Return the path of the attestations of a wheel.

    Raises:
        SiteFormatError: for an invalid file name of a wheel.
    """
    return f"{wheel_path(filename)}.provenance"


def picture_path(sha256: str) -> str:
    """Return the path of a picture.

    Args:
        sha256: The hash of its content.

    Raises:
        SiteFormatError: for an invalid hash.
    """
    return f"pictures/{_check(_SHA256, sha256, 'picture')}.svg"


def numbers_path(sha256: str) -> str:
    """Return the path of the recorded numbers of a release, which several may share.

    Args:
        sha256: The hash of their content.

    Raises:
        SiteFormatError: for an invalid hash.
    """
    return f"numbers/{_check(_SHA256, sha256, 'recorded numbers')}.json"


def search_path(word: str) -> str:
    """Return the path of the file about a word, one of `search_words`.

    Raises:
        SiteFormatError: for a text that is not one word.

    Example:
        >>> search_path("dice")
        'search/dice.json'
    """
    if search_words(word) != (word,):
        raise SiteFormatError(f"{word[:80]!r} is not one word in its normal form")
    return word_path(word)


def word_path(word: str) -> str:
    """Return the path of the file about a word that `search_words` returned."""
    return f"search/{_make_stem(word)}.json"


def prefix_path(word: str) -> str:
    """Return the path of the prefix file of a word that `search_words` returned.

    Example:
        >>> prefix_path("di"), prefix_path("diceloss")
        ('prefixes/di.json', 'prefixes/dice.json')
    """
    stem = word if "." in word else _make_stem(word[: _PREFIX_LENGTHS[-1]])
    return f"prefixes/{stem}.json"


@lru_cache(maxsize=4096)  # as of `search_words`
def list_prefixes(word: str) -> tuple[str, ...]:
    """Return the prefixes under which a word is listed; a facet is listed under its kind.

    Example:
        >>> list_prefixes("dice"), list_prefixes("f1"), list_prefixes("a")
        (('di', 'dic', 'dice'), ('f1',), ())
        >>> list_prefixes("loss.level-gold")
        ('loss.facets',)
    """
    if "." in word:
        return (f"{word.partition('.')[0]}.facets",)
    return tuple(word[:length] for length in _PREFIX_LENGTHS if length <= len(word))


@lru_cache(maxsize=4096)  # a distribution's names recur soon, or never
def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a text by which a search finds it, each once.

    A word is a casefolded run of letters and digits. A name yields its parts, and the whole without ``_``.

    Example:
        >>> search_words("Dice loss, of masks")
        ('dice', 'loss', 'of', 'masks')
        >>> search_words("DiceCELoss")
        ('dice', 'ce', 'loss', 'diceceloss')
    """
    found: dict[str, None] = {}
    runs = _RUN.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))
    for run in dict.fromkeys(runs):
        if run.isalnum() and run.isascii() and run.islower():  # it is its only part, and its key
            found[run] = None
            continue
        parts = (part for word in _WORD.findall(run) for part in _split(word))
        found.update(dict.fromkeys(part.casefold() for part in parts))
        found[lookup_key(run)] = None
    return tuple(word for word in found if len(word) <= _LONGEST_WORD and word)


def _make_stem(word: str) -> str:
    return word if word.isascii() else sha256(word.encode()).hexdigest()


def _split(word: str) -> list[str]:
    return _PART.findall(word) if word.isascii() else [word]


def _check(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise SiteFormatError(
            f"{text[:80]!r} cannot be the {what} of anything in a registry",
            hint=f"It has to match {pattern.pattern}.",
        )
    return text
