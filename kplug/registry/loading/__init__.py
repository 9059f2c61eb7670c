"""Imports the targets of components, and tracks the builds that they come from.

Data flows in this order::

    may it be imported      module_ownership → importer
    what was imported       distribution_hash, source_comparison → code_verification → running_builds →
                            loaded_modules
    why it was not          load_failures
"""
