"""`$NAME` in a message: what a build finds out, put in when the message is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NAME = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
#: What names begin with that belong to the build. All others may be the shell's, or no names at all.
_STARTS = ("BUILD_", "GET_", "PUT_", "TASK_", "INPUT_")


def fill(text: str, variables: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """`text` with the values of `$NAME` and `${NAME}`, which are not looked at again.

    Names of the build that are not set become empty, as a shell does it; all other text stays as it is. `escape` makes
    values harmless that come from anybody, such as the author of a commit.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return escape(variables.get(name, "")) if name.startswith(_STARTS) else match[0]

    return _NAME.sub(value, text)
