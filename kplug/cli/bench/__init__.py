"""``kplug bench``: times training of a user's model against a hand-written loop."""
