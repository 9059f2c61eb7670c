"""Candidates for a name, in code and in packages, and the rule that chooses among them.

Data flows in this order::

    in installed packages   index
    in the user's code      scopes
    which one is chosen     conflicts
    in other packages       installable_packages
"""
