"""Introspection of what is installed: kinds, components, arguments, builds, problems.

Nothing here imports torch. `load` and `load_part` import a plugin's module, functions on objects take loaded
ones, and everything else reads declarations.
"""

from __future__ import annotations

from kplug.registry import KINDS as KINDS, REGISTRY, Component, Kind, Origin as Origin, Spec
from kplug.registry.building.binding import (
    describe_signature as describe_signature,
    find_spec_parameters as find_spec_parameters,
)
from kplug.registry.building.example_loading import find_own_example as find_own_example
from kplug.registry.building.search_ranges import find_search_ranges as find_search_ranges
from kplug.registry.component import check_name as check_name
from kplug.registry.kinds import COMMAND as COMMAND, find_kind_of_slot as find_kind_of_slot
from kplug.registry.lifecycle import (
    LIFECYCLE_GROUP as LIFECYCLE_GROUP,
    OF_DISTRIBUTION as OF_DISTRIBUTION,
    STAGES as STAGES,
    Lifecycle as Lifecycle,
    Stage as Stage,
    find_classified as find_classified,
    parse_lifecycle as parse_lifecycle,
)
from kplug.registry.loading.running_builds import (
    Build as Build,
    find_build_here as find_build_here,
    find_owner as find_owner,
)
from kplug.registry.lookup_keys import keys_of as keys_of
from kplug.registry.names.lookup import decide_here
from kplug.registry.parameters import find_parameters as find_parameters
from kplug.registry.problems import Problem as Problem
from kplug.registry.ranges import (
    Searched as Searched,
    list_ends as list_ends,
    write_range as write_range,
)

find_lifecycle = REGISTRY.find_lifecycle
find_lifecycle_of = REGISTRY.find_lifecycle_of
list_components = REGISTRY.components
list_problems = REGISTRY.problems
load = REGISTRY.load
load_part = REGISTRY.load_part
summarize = REGISTRY.summarize


def list_distributions() -> list[Origin]:
    """Return the distributions that offer something and may load, by name, including kplug and torch.

    Example:
        >>> [origin.distribution for origin in list_distributions() if origin.is_built_in]
        ['kplug', 'torch']
    """
    return [supplier.origin for supplier in REGISTRY.state.discovery.suppliers]


def list_switched_off() -> dict[str, str]:
    """Return the distributions that settings keep from loading, each with the deciding setting."""
    refused = REGISTRY.state.discovery.refused
    return {name: reason for name, (_, reason) in refused.items()}


def find_component(kind: Kind, spec: Spec) -> Component | None:
    """Return the component that a reference means here; None if there is none, or if it is ambiguous.

    Example:
        >>> find_component(KINDS["loss"], Spec("MeanSquaredError")).qualified_name
        'kplug/mean_squared_error'
        >>> find_component(KINDS["loss"], Spec("no_such_loss")) is None
        True
    """
    choice = decide_here(kind, spec).choice
    return None if choice is None else choice.component
