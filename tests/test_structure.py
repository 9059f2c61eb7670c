"""The import graph of the whole package has no circles."""

from __future__ import annotations

import grimp
import networkx as nx


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
