"""The client of registries: look-up, search and installation on a user's machine.

Data flows in this order::

    registries of the settings     settings → registries → configured_registries; adding, mirroring
    look-up and search             name_lookup → searching → similar_names; offers, archives
    installation                   wheel_choice → resolver → installation_plan → installing; outdated
"""
