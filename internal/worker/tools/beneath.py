"""Opening what others can change without being led out of a directory."""

from __future__ import annotations

import ctypes
import os

_OPENAT2 = 437  # the same on every architecture
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_BENEATH = 0x08


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(directory: int, path: str, flags: int) -> int:
    """Open a path below an open directory, and give the descriptor. Links are followed while they lead nowhere else.

    A FIFO or a device is not waited for. Raises OSError: EXDEV for what leads out.
    """
    how = _How(flags | os.O_CLOEXEC | (0 if flags & os.O_PATH else os.O_NONBLOCK | os.O_NOCTTY), 0, 0)
    how.resolve = _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS
    libc = ctypes.CDLL(None, use_errno=True)
    opened: int = libc.syscall(_OPENAT2, directory, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
    if opened < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)
    return opened
