"""The client of registries: look-up, search and installation on a user's machine.

Data flows in this order::

    which registries there are     settings → registries → configured_registries
    what they have                 name_lookup → searching, offers
    what is installed of them      dependency_resolution → installing; outdated
"""
