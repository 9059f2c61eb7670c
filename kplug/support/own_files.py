"""Files of a cache that may be believed: no other user could have written them."""

from __future__ import annotations

import os
from pathlib import Path


def is_own_file(path: Path) -> bool:
    """Return whether a file exists, and this user alone can write it and its folder.

    Args:
        path: The file, of which code will run or numbers will be believed.

    Returns:
        Whether it is so. On Windows, which has no such permissions, whether the file exists.
    """
    try:
        found = [path.stat(), path.parent.stat()]
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return True
    return all(each.st_uid == os.getuid() and not each.st_mode & 0o022 for each in found)
