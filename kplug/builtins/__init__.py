"""The plugins that ship with kplug: tables of names and targets, offered through the public hooks.

Nothing here imports torch. The host loads these modules by name, exactly as it loads a third party's.
"""
