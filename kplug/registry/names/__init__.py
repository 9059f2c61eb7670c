"""Looks names up, and explains the result.

Data flows in this order::

    it means nothing         lookup_suggestions → lookup_errors
    it means a component     lookup, lookup_warnings
    why                      explanations
    what ships with kplug    built_ins
"""
