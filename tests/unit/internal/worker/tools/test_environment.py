"""Names and texts of variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pikoci.internal.worker.settings import inherit_environment
from pikoci.internal.worker.steps.exports import read_exports
from pikoci.internal.worker.tools.environment import exported, parameters, prefixed, text_of
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.workspace import Workspace


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), (True, "true"), (None, ""), (3, "3"), (3.0, "3"), (2.5, "2.5"), ([1, "é"], '[1,"é"]'), ({}, "{}")],
)
def test_values_have_one_text(value: object, text: str) -> None:
    assert text_of(value) == text


def test_names_are_made_fit_for_variables() -> None:
    assert exported("GET", "my-repo", {"a.b": 1, "n": {"x y": [True, {"z": None}]}, "e": []}) == {
        "GET_MY_REPO_A_B": "1",
        "GET_MY_REPO_N_X_Y_0": "true",
        "GET_MY_REPO_N_X_Y_1_Z": "",
        "GET_MY_REPO_E": "[]",
    }
    assert prefixed("version", {"Ref-1": "x"}) == {"version_Ref_1": "x"}
    assert parameters("param", {"list": [1], "o": {"a": 1}}) == {"param_list": "[1]", "param_o": '{"a":1}'}


def test_only_what_is_allowed_is_inherited() -> None:
    own = {"PATH": "/x", "WORKER_TOKEN": "t", "EXTRA": "e", "LANG": "de_DE.UTF-8"}
    assert inherit_environment(own, ("EXTRA",)) == {"PATH": "/x", "LANG": "de_DE.UTF-8", "EXTRA": "e"}
    assert "/usr/bin" in inherit_environment({})["PATH"]


def test_no_exports_are_no_error(tmp_path: Path) -> None:
    assert read_exports(tmp_path / "none", 10, print) == {}


@pytest.mark.parametrize("kind", ["fifo", "link", "directory", "device"])
def test_exports_come_from_a_plain_file_only(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to("/etc/hostname")
        case "device":
            path.symlink_to("/dev/zero")
        case "directory":
            path.mkdir()
    with pytest.raises(StepError):
        read_exports(path, 10, print)


def test_a_workspace_gives_no_paths_outside(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        (workspace.work / "out").symlink_to("/etc")
        (workspace.work / "in").mkdir()
        assert workspace.inside("in/x") == workspace.work / "in" / "x"
        for name in ("..", "../x", "/etc", "out/passwd", "", "a\0b"):
            with pytest.raises(ValueError, match="not a path below"):
                workspace.inside(name)
    assert not (tmp_path / "w").exists()
