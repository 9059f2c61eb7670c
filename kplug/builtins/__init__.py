"""The plugins that ship with kplug: tables of names and targets, offered through the public hooks.

Nothing here imports torch. The host loads the modules of hooks by name, exactly as it loads a third party's.
"""
