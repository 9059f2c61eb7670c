"""Looks names up, and explains the result.

Data flows in this order::

    failed look-ups          lookup_suggestions → lookup_errors
    successful look-ups      lookup, lookup_warnings
    reasons for results      explanations
    built-in components      built_ins
    of other distributions   homes, lent_modules
"""
