"""From the target of a component to the object: what may be imported, and what has been.

Data flows in this order::

    may it be imported      module_ownership → importer
    what was imported       distribution_hash, source_comparison → code_verification → running_builds →
                            loaded_modules
    why it was not          load_failures
"""
