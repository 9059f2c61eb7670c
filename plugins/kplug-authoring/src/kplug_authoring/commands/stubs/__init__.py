"""``kplug stubs``: the names of what is installed, and their arguments, for editors and type checkers."""
