"""The checks that components of each kind have to pass."""
