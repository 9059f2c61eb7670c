"""What a name could mean: the components that have it, in code and in packages, and the rule that chooses.

Data flows in this order::

    in installed packages   index
    in the user's code      scopes
    which one is chosen     conflicts
    in other packages       installable_packages
"""
