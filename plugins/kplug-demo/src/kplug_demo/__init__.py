"""``kplug demo``: one real task from names in strings to a picture of the result."""
