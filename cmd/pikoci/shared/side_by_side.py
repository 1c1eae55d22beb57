"""Output of steps that run side by side, so that one can read it: whole lines, each with the name of its step."""

from __future__ import annotations

_LONGEST = 64 * 1024  # what is longer is cut into lines


class SideBySide:
    """Knows which steps run beside others, and holds the lines that they have begun."""

    def __init__(self) -> None:
        self._blocks: set[str] = set()
        self._begun: dict[str, tuple[bytes, bytes]] = {}

    def add_block(self, step: str) -> None:
        """The steps inside this one, by their ids, run side by side."""
        self._blocks.add(step)

    def is_block(self, step: str) -> bool:
        """Whether it was told to be one."""
        return step in self._blocks

    def lane(self, step: str) -> str:
        """The step of a block that `step` is or belongs to, as its hooks do; empty where it runs beside nothing."""
        parts = step.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in self._blocks and parts[end].isdecimal():
                return "/".join(parts[: end + 1])
        return ""

    def feed(self, step: str, title: str, data: bytes) -> bytes:
        """What can be shown now that `data` came: whole lines that begin with `title`."""
        prefix = f"{title} | ".encode("utf-8", "replace")
        *lines, rest = (self._begun.pop(step, (b"", b""))[1] + data).split(b"\n")
        if len(rest) > _LONGEST:
            lines, rest = [*lines, rest], b""
        if rest:
            self._begun[step] = prefix, rest
        return b"".join(_line(prefix, line) for line in lines)

    def finish(self, step: str) -> bytes:
        """The line that the step has begun and will not end, if there is one."""
        begun = self._begun.pop(step, None)
        return _line(*begun) if begun else b""

    def clear(self) -> bytes:
        """Forget all steps; gives the lines that they have begun."""
        self._blocks.clear()
        rest = b"".join(map(self.finish, list(self._begun)))
        self._begun.clear()
        return rest


def _line(prefix: bytes, line: bytes) -> bytes:
    """One line; of what a program wrote over itself, as those with a progress bar do, the last counts."""
    return prefix + line.rstrip(b"\r").rpartition(b"\r")[2] + b"\n"
