"""Directories that a put of `fs` makes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.fs import tree


def test_the_set_group_id_bit_is_handed_on_and_never_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units with RestrictSUIDSGID forbid to ask for it."""
    real = os.fchmod

    def restricted(descriptor: int, mode: int) -> None:
        if mode & 0o6000:
            raise PermissionError(1, "Operation not permitted")
        real(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", restricted)
    share = tmp_path / "share"
    share.mkdir()
    share.chmod(0o2775)
    with ExitStack() as opened:
        tree._enter(str(share), ["a", "b"], opened, make=True)
    assert [(share / part).stat().st_mode & 0o7777 for part in ("a", "a/b")] == [0o2775, 0o2775]
