"""The private directory of one build or check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pikoci.internal.worker.execution.removal import remove_tree


class Workspace:
    """`work` is the WORKDIR of commands, `tmp` their TMPDIR; beside them lie scripts, keys and exports.

    All of it is mode 0700, made on entry and removed on exit with whatever commands left in it, by `remove`. Raises
    OSError on entry when it cannot be made (disk full).
    """

    def __init__(self, root: Path, remove: Callable[[Path], None] = remove_tree) -> None:
        self.root = root
        self._remove = remove
        self.work = root / "work"
        self.tmp = root / "tmp"
        self._files = 0

    def __enter__(self) -> Self:
        try:
            for path in (self.root, self.work, self.tmp):
                path.mkdir(mode=0o700, parents=True)
        except OSError:
            self._remove(self.root)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove(self.root)

    def private_path(self, suffix: str = "") -> Path:
        """A path outside `work` that nothing else uses."""
        self._files += 1
        return self.root / f"{self._files}{suffix}"

    def write_private(self, content: str, *, suffix: str = "", executable: bool = False) -> Path:
        """A new file of mode 0600, or 0700, that holds `content`."""
        path = self.private_path(suffix)
        path.touch(mode=0o700 if executable else 0o600)
        path.write_text(content, encoding="utf-8", errors="surrogateescape")
        return path

    def inside(self, name: str) -> Path:
        """The path of `name` below the work directory. Raises ValueError when it leads out, also by a symbolic link."""
        path = self.work / name
        if not name or "\0" in name or not path.resolve().is_relative_to(self.work.resolve()):
            raise ValueError(f'"{name}" is not a path below the work directory')
        return path
