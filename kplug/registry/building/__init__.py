"""Builds objects from components and arguments, and traces objects back to their components.

Data flows in this order::

    roles → binding, recorded_lookups → resolution → resolved; lost_arguments, reverse_lookup
    the example that its author gives    example_loading
"""
