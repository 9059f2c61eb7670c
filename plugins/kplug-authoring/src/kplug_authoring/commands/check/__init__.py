"""``kplug check``: the contract suite on what is installed, and what an audit by hand would look for."""
