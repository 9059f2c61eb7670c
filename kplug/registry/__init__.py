"""From text to a built component. Imports no torch.

Data flows in this order::

    what is installed   policy, metadata → discovery → suppliers → declarations → component → index → registry
    what is written     spec/
    what it means       scopes, conflicts → lookup, else misses, packages; explanations
    the object          load_failures; roles, binding → resolution → resolved; back by reverse_lookup
"""

from kplug.registry.component import (
    Component as Component,
    Origin as Origin,
    factory as factory,
    function as function,
    named as named,
)
from kplug.registry.kinds import KINDS as KINDS, Kind as Kind, get_kind as get_kind
from kplug.registry.loaded_modules import LoadedModule as LoadedModule, audit as audit
from kplug.registry.lookup import look_up as look_up
from kplug.registry.packages import Package as Package
from kplug.registry.registry import REGISTRY as REGISTRY
from kplug.registry.resolution import resolve as resolve, resolve_object as resolve_object
from kplug.registry.resolved import Resolved as Resolved
from kplug.registry.scopes import register as register, scope as scope, unregister as unregister
from kplug.registry.spec import Spec as Spec, parse_spec as parse_spec

prefer = REGISTRY.prefer
reload = REGISTRY.reload
