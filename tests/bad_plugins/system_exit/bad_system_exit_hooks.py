"""A script that somebody published as a module."""

import sys

sys.exit("usage: bad-system-exit FILE")
