"""``kplug doctor``: what is wrong with the plugins here, each with the command that mends it."""
