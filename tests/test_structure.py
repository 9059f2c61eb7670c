"""What holds for the whole tree: no circles of imports, short chains of classes, one name for one class."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import grimp
import networkx as nx

import kplug


def _list_classes() -> Iterator[type]:
    """Return every class of kplug, each once."""
    names = [info.name for info in pkgutil.walk_packages(kplug.__path__, "kplug.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    values = (value for module in modules for value in vars(module).values())
    return iter(dict.fromkeys(one for one in values if inspect.isclass(one) and _is_ours(one)))


def _is_ours(one: type) -> bool:
    return one.__module__.partition(".")[0] == "kplug"


def _is_protocol(one: type) -> bool:
    return bool(vars(one).get("_is_protocol", False))


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type checkers alone count too; ``kplug`` itself has every module, and is left out."""
    graph = grimp.build_graph("kplug", exclude_type_checking_imports=False, cache_dir=None)
    imports = nx.DiGraph(
        (module, imported)
        for module in graph.modules - {"kplug"}
        for imported in graph.find_modules_directly_imported_by(module) - {"kplug"}
    )
    circles = [sorted(one) for one in nx.strongly_connected_components(imports) if len(one) > 1]
    assert circles == []


def test_two_classes_at_most_stand_between_a_class_and_one_that_is_not_ours() -> None:
    chains = {
        one: [base for base in one.__mro__[1:] if _is_ours(base) and not _is_protocol(base)]
        for one in _list_classes()
    }
    assert {one: bases for one, bases in chains.items() if len(bases) > 2} == {}


def test_two_classes_have_one_name_only_where_keras_gives_it_to_both() -> None:
    """A metric may be called as the loss it shows: users write ``losses.Hinge`` and ``metrics.Hinge``."""
    by_name: dict[str, list[type]] = defaultdict(list)
    for one in _list_classes():
        if not _is_protocol(one) and not _is_public(one):
            by_name[one.__name__].append(one)
    assert {name: owners for name, owners in by_name.items() if len(owners) > 1} == {}


def _is_public(one: type) -> bool:
    """Whether a family exports a class that some other family has the name of."""
    family = importlib.import_module(".".join(one.__module__.split(".")[:2]))
    return getattr(family, one.__name__, None) is one


def test_the_classes_are_found() -> None:
    assert len(list(_list_classes())) > 400
