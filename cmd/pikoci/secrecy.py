"""Keeping the process's memory, environment and descriptors to itself."""

from __future__ import annotations

import ctypes
import os

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def close_to_others() -> None:
    """Close this process in /proc, also to others of its user, and to debuggers; nor is its memory ever dumped.

    Steps may run as that user. Forked children are closed, too; what is executed is open again. Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")
