"""Discovers the installed distributions and reads the components that each offers.

Data flows in this order::

    entry_point_groups → discovery → suppliers, which ask hook_modules → declarations; plugin_kinds
    components → summaries, for listings; lenders, for modules that are lent

What is wrong with a distribution becomes a ``Problem`` and costs that distribution alone.
"""
