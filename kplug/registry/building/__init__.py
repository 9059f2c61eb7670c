"""From a component and its arguments to the built object, and from an object back to its component.

Data flows in this order::

    roles → binding, recorded_lookups → resolution → resolved; lost_arguments, reverse_lookup
    the example that its author gives    example_loading
"""
