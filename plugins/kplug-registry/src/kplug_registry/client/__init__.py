"""What a user's machine does with registries.

Data flows in this order::

    which registries there are     settings → registries
    what they have                 registries → searching, offers
    what is installed of them      resolution → installing
"""
