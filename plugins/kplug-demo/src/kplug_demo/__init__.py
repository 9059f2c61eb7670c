"""``kplug demo``: solves one real task with components named by strings, and draws the result."""
