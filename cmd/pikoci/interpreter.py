"""Which Python the program runs with: those that its tests ran with, and no others.

It runs alone, too, with any Python from 3.6 on: then it says in one line what is wrong and exits 1, or says nothing.
"""

import sys

#: The oldest that is good: Debian 12's.
OLDEST = (3, 11, 2)
#: The first that is too new: nothing was tried with it.
TOO_NEW = (3, 12)


def refusal(version: "tuple[int, ...]") -> str:
    """One line about a version such as (3, 12, 1) that is refused, with the way out; empty for a good one."""
    if OLDEST <= version < TOO_NEW:
        return ""
    found, oldest, newest = (".".join(map(str, one)) for one in (version, OLDEST, OLDEST[:2]))
    way_out = f"install it with Debian 12's, or in a clone: make PYTHON=python{newest}"
    return f"error: PikoCI needs Python {newest}, {oldest} or newer, and this is Python {found}; {way_out}"


if __name__ == "__main__":
    sys.exit(refusal(sys.version_info[:3]) or 0)
