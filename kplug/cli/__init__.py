"""The command line, with one module for each command."""

from kplug.cli.app import main as main
