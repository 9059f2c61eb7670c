"""The text and dict forms of a component: what is written, as data.

``parse_spec`` reads text, ``spec_from_dict`` reads the dict forms, ``str(spec)`` writes text, and
``parse_spec(str(spec)) == spec``. The grammar::

    spec   = ref [ "(" [value {"," value}] {"," key "=" value} ")" ]
    ref    = [ distribution "/" ] name
    value  = literal | inf | nan | "[" … "]" | "(" … ")" | "{" … "}" | spec
"""

from __future__ import annotations

from kplug.registry.spec.model import (
    MAX_BYTES,
    MAX_DEPTH,
    Spec,
    Value,
    is_spec_mapping,
    spec_from_dict,
)
from kplug.registry.spec.parsing import parse_spec

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Spec",
    "Value",
    "is_spec_mapping",
    "parse_spec",
    "spec_from_dict",
]
