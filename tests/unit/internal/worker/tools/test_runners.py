"""Commands become argument vectors."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import Command, RunnerType
from pikoci.internal.worker.tools.masking import Masker
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.runners import CommandLines
from pikoci.internal.worker.tools.workspace import Workspace

WRAP = RunnerType(
    name="wrap", path="$tool", args=["run", "-w=$WORKDIR", "$image", "$env", "$args", "$unknown", "$$image"]
)


@pytest.fixture
def runners(tmp_path: Path) -> Generator[CommandLines]:
    with Workspace(tmp_path / "w") as workspace:
        yield CommandLines([WRAP], workspace, Masker(["s3cret-token"]))


def argv(runners: CommandLines, runner: str, visible: dict[str, str] | None = None, **params: object) -> list[str]:
    return runners.argv(Command(runner=runner, params=params), visible or {})


def test_exec_takes_its_arguments_as_they_are(runners: CommandLines) -> None:
    assert argv(runners, "exec", path="go", args=["test", "./...", 3, "$WORKDIR"]) == [
        "go",
        "test",
        "./...",
        "3",
        "$WORKDIR",
    ]


@pytest.mark.parametrize("params", [{}, {"path": "x", "args": "one"}, {"path": ""}])
def test_exec_refuses_bad_params(runners: CommandLines, params: dict[str, object]) -> None:
    with pytest.raises(StepError):
        argv(runners, "exec", {}, **params)


def test_placeholders_are_filled_in_once(runners: CommandLines) -> None:
    assert argv(runners, "wrap", {"A": "1"}, tool="docker", image="$tool", args=["$image", "$args"]) == [
        "docker",
        "run",
        f"-w={runners.workspace.work}",
        "$tool",
        "-e",
        "A=1",
        "$image",
        "$args",
        "$unknown",
        "$$tool",
    ]


def test_secret_variables_are_named_without_their_values(runners: CommandLines) -> None:
    assert "-e TOKEN" in " ".join(argv(runners, "wrap", {"TOKEN": "s3cret-token", "B": "b"}, tool="t"))
    assert "s3cret" not in " ".join(argv(runners, "wrap", {"TOKEN": "s3cret-token", "B": "b"}, tool="t"))


def test_secrets_that_a_pipeline_writes_into_arguments_stay_there(runners: CommandLines) -> None:
    assert argv(runners, "exec", path="echo", args=["s3cret-token"]) == ["echo", "s3cret-token"]
    assert "s3cret-token" in argv(runners, "wrap", tool="x", image="s3cret-token")


def test_a_script_travels_in_a_private_file(runners: CommandLines) -> None:
    shell, option, script = argv(runners, "shell", cmd="echo s3cret-token")
    assert (shell, option) == ("/bin/sh", "-e")
    assert Path(script).read_text() == "echo s3cret-token"
    assert Path(script).stat().st_mode & 0o777 == 0o600
    assert not Path(script).is_relative_to(runners.workspace.work)


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", ["bash", "-e"]),
        ("/bin/zsh", ["/bin/zsh", "-e"]),
        ("python3", ["python3"]),
        ("bash -o pipefail", ["bash", "-o", "pipefail"]),
    ],
)
def test_the_shell_can_be_chosen(runners: CommandLines, shell: str, words: list[str]) -> None:
    assert argv(runners, "shell", cmd="x", shell=shell)[:-1] == words


@pytest.mark.parametrize("file", ["none.sh", "../x", "/etc/passwd"])
def test_a_script_file_must_be_in_the_work_directory(runners: CommandLines, file: str) -> None:
    with pytest.raises(StepError, match="work directory"):
        argv(runners, "shell", file=file)
