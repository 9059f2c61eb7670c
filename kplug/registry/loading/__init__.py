"""From the target of a component to the object: what may be imported, and what has been.

Data flows in this order::

    may it be imported      ownership → targets
    what was imported       record_hash, source_comparison → vouching → imported_code → loaded_modules
    why it was not          load_failures
"""
