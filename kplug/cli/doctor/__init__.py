"""``kplug doctor``: diagnoses installed plugins, with the command that mends each fault."""
