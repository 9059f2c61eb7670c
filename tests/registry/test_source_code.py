"""Names are followed through source code; nothing of it runs."""

from __future__ import annotations

import ast

import pytest

from kplug.registry.source_code import Bindings, Imported, SourceCode


class Written(SourceCode):
    """Source that a test has written, by file."""

    def __init__(self, **sources: str | bytes) -> None:
        super().__init__()
        self.sources = sources
        self.refused: list[tuple[str, type[Exception]]] = []

    def find_source(self, module: str) -> tuple[str, str | bytes] | None:
        for file in (f"{module}.__init__", module):
            if (key := file.replace(".", "_")) in self.sources:
                return f"{file.replace('.', '/')}.py", self.sources[key]
        return None

    def refuse(self, file: str, error: Exception) -> None:
        self.refused.append((file, type(error)))


def test_a_name_is_followed_to_where_it_is_defined() -> None:
    code = Written(
        sea___init__="from .tide import ebb as fall\nfrom sea.deep import *",
        sea_tide="def ebb():\n    'Fall.'",
        sea_deep="from . import tide\nclass Wave:\n    'Rise.'\n    def crest(self): 'Top.'",
    )
    assert code.find_documentation("sea:fall") == "Fall."
    assert code.find_documentation("sea:Wave") == "Rise."
    assert code.find_documentation("sea:Wave.crest") == "Top."
    assert code.find_documentation("sea:Wave.trough") == code.find_documentation("sea:shore") == ""


@pytest.mark.parametrize(
    "block",
    [
        "if TYPE_CHECKING:\n    from .tide import ebb",
        "try:\n    from .tide import ebb\nexcept ImportError:\n    ebb = None",
        "if TYPE_CHECKING:\n    def ebb(): 'Types.'\nelse:\n    from .tide import ebb",
        "if sys.version_info < (3, 8):\n    def ebb(): 'Old.'\nelse:\n    from .tide import ebb",
        "if sys.version_info >= (3, 8):\n    from .tide import ebb\nelse:\n    def ebb(): 'Old.'",
        "if sys.platform == 'amiga':\n    ebb = None\nelif sys.version_info[:2] > (3, 8):\n"
        "    from .tide import ebb",
        "if sys.version_info < 'text':\n    from .tide import ebb\nelse:\n    ebb = None",
        "try:\n    from ._fast import ebb\nexcept ImportError:\n    def ebb(): 'Fall.'",
        "try:\n    from ._fast import ebb\nexcept ImportError:\n    from .tide import ebb",
    ],
)
def test_what_a_block_binds_counts(block: str) -> None:
    code = Written(sea___init__=block, sea_tide="def ebb(): 'Fall.'")
    assert code.find_documentation("sea:ebb") == "Fall."


def test_imports_in_a_circle_end() -> None:
    code = Written(
        one="from two import x\nfrom two import *", two="from one import x\nfrom one import *"
    )
    assert code.find("one:x") is None
    assert code.find("one:y") is None


def test_what_has_no_source_is_known_by_where_it_comes_from() -> None:
    code = Written(sea="from torch import relu as rise\nfall = rise")
    assert code.find("sea:rise") == Imported("torch", "relu")
    assert isinstance(code.find("sea:fall"), ast.Assign)
    assert code.find("lake:fall") is None
    assert code.find_documentation("sea:rise") == code.find_documentation("sea:fall") == ""


@pytest.mark.parametrize(
    "source",
    ["def (", b"# coding: klingon\n", b"x = '\xff'", "x = '\0'", "x = " + "-" * 100_000 + "1"],
)
def test_a_file_that_cannot_be_parsed_binds_nothing(source: str | bytes) -> None:
    code = Written(sea=source)
    assert code.find("sea:x") is None
    assert [file for file, _ in code.refused] == ["sea.py"]


def test_other_encodings_are_read() -> None:
    code = Written(sea="# coding: latin-1\ndef ebb():\n    'Höhe.'".encode("latin-1"))
    assert code.find_documentation("sea:ebb") == "Höhe."


@pytest.mark.filterwarnings("error")
def test_a_warning_about_the_code_is_its_authors_affair() -> None:
    assert isinstance(Written(sea=r"x = '\d'").find_module("sea"), Bindings)
