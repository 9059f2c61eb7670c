"""Checks releases for whoever runs a registry: runs the contract suite on them in a sandbox.

Data flows in this order::

    what lacks results of the registry      release_checks
    a folder with its wheels                release_folder
    a process with limits                   sandbox
    results, entered as the registry's      release_checks
    uploads, one after the other            upload_checks
"""

from kplug_registry.checking.release_checks import (
    check_release as check_release,
    list_unchecked as list_unchecked,
)
from kplug_registry.checking.sandbox import NotStartedError as NotStartedError, Sandbox as Sandbox
from kplug_registry.checking.upload_checks import UploadChecks as UploadChecks
