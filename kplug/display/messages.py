"""Public helpers for messages: quoted values, suggestions, errors in one line."""

from kplug.registry.problems import describe_error as describe_error
from kplug.registry.quoting import make_printable as make_printable, quote as quote
from kplug.registry.suggestions import did_you_mean as did_you_mean
