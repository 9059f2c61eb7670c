"""Runs Keras's own test files, as the installed wheel carries them, with kplug's objects under test.

Nothing of them is copied: a file's source is read from the wheel and executed with an import statement
of its own, which hands out kplug's classes under Keras's names. Run in a process of its own, because
tensors are given the methods of Keras's variables.
"""
