"""Lock files: record which packages supply components, and detect drift. Imports no torch."""

from kplug.locking.chosen_lock import (
    LOCK_FILE as LOCK_FILE,
    find_nearest_lock as find_nearest_lock,
    find_required_lock as find_required_lock,
)
from kplug.locking.collecting import (
    lock_environment as lock_environment,
    lock_rows as lock_rows,
    lock_specs as lock_specs,
)
from kplug.locking.drift import Drift as Drift, check_lock as check_lock, find_drift as find_drift
from kplug.locking.environment_installer import find_installer as find_installer
from kplug.locking.install_source import (
    InstallSource as InstallSource,
    read_install_source as read_install_source,
)
from kplug.locking.lock_file import (
    Lock as Lock,
    LockedPackage as LockedPackage,
    format_lock as format_lock,
    read_lock as read_lock,
)
