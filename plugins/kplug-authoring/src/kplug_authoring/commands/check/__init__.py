"""``kplug check``: runs the contract suite on what is installed, and audits declarations."""
