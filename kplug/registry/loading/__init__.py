"""Imports the targets of components, and tracks the builds that they come from.

Data flows in this order::

    permission to import    module_ownership → importer
    imported builds         distribution_hash, source_comparison → code_verification → running_builds →
                            loaded_modules
    failed imports          load_failures
"""
