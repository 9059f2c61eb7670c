"""Specs: the text and dict forms of a component, as data.

``parse_spec`` reads text, ``spec_from_dict`` reads the dict forms, ``str(spec)`` writes text, and
``parse_spec(str(spec)) == spec``. The grammar::

    sum    = product {"+" product}
    product = factor {"*" factor}
    factor = number | spec | "(" sum ")"
    spec   = ref [ "(" [value {"," value}] {"," key "=" value} ")" ]
    ref    = [ distribution "/" ] name
    value  = literal | inf | nan | "[" … "]" | "(" … ")" | "{" … "}" | spec | sum
"""

from kplug.registry.spec.model import (
    MAX_BYTES as MAX_BYTES,
    MAX_DEPTH as MAX_DEPTH,
    SUM as SUM,
    Spec as Spec,
    Value as Value,
    as_plain as as_plain,
    is_named as is_named,
    is_spec_mapping as is_spec_mapping,
    spec_from_dict as spec_from_dict,
)
from kplug.registry.spec.parsing import parse_spec as parse_spec
