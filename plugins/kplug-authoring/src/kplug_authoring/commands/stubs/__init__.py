"""``kplug stubs``: writes type stubs with the names and arguments of what is installed."""
