"""The command line: one module a command, each of which prints what the library knows."""

from kplug.cli.app import main as main
