"""Turns the text of a spec into a built component. Imports no torch.

Data flows in this order::

    text                    spec/
    installed plugins       policy/, loading/ → installed/
    candidates for a name   candidates/ → registry
    look-up                 names/
    built object            building/

``component`` and ``kinds`` define the data that all of them share. ``errors`` and ``problems`` describe
failures.
"""

from kplug.registry.building.resolution import resolve as resolve, resolve_object as resolve_object
from kplug.registry.building.resolved import Resolved as Resolved
from kplug.registry.candidates.installable_packages import Package as Package
from kplug.registry.candidates.scopes import (
    register as register,
    scope as scope,
    unregister as unregister,
)
from kplug.registry.component import (
    Component as Component,
    Origin as Origin,
    factory as factory,
    function as function,
    named as named,
)
from kplug.registry.component_facts import (
    complete_config as complete_config,
    idle_arguments as idle_arguments,
    keras_class as keras_class,
    metric_named as metric_named,
    non_mutating as non_mutating,
    renamed_arguments as renamed_arguments,
)
from kplug.registry.env_section import Section as Section
from kplug.registry.examples import Example as Example, example as example
from kplug.registry.finding import Finding as Finding
from kplug.registry.kinds import KINDS as KINDS, Kind as Kind, get_kind as get_kind
from kplug.registry.loading.distribution_hash import hash_code as hash_code
from kplug.registry.loading.loaded_modules import LoadedModule as LoadedModule, audit as audit
from kplug.registry.lookup_keys import lookup_key as lookup_key
from kplug.registry.names.built_ins import list_built_ins as list_built_ins
from kplug.registry.names.lookup import look_up as look_up
from kplug.registry.policy import (
    SettingsTable as SettingsTable,
    find_lack_of_age as find_lack_of_age,
    find_refusal as find_refusal,
    keep_recalls as keep_recalls,
    read_settings_tables as read_settings_tables,
)
from kplug.registry.ranges import Range as Range
from kplug.registry.registry import REGISTRY as REGISTRY
from kplug.registry.spec import Spec as Spec, parse_spec as parse_spec
from kplug.registry.stated_ranges import search_ranges as search_ranges
from kplug.registry.verdict import Verdict as Verdict

prefer = REGISTRY.prefer
reload = REGISTRY.reload
