from __future__ import annotations

from pathlib import Path

import pytest

from pikoci.internal.domain.errors import InvalidError, TooLargeError
from pikoci.internal.domain.limits import MAX_FILE
from pikoci.shared.files import read_text, read_variables
from tests.unit.cmd.pikoci.conftest import Invoke


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * MAX_FILE)
    assert len(read_text(str(path))) == MAX_FILE
    path.write_bytes(b"x" * (MAX_FILE + 1))
    with pytest.raises(TooLargeError):
        read_text(str(path))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"cannot read .*gone: No such file"):
        read_text(str(tmp_path / "gone"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b": hunter2}', "2:7: this is no JSON"),
        ('["hunter2"]', "holds no JSON object"),
        ("", "1:1: this is no JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_variables_are_refused_with_the_place_and_without_the_value(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "vars.json"
    path.write_text(text)
    with pytest.raises(InvalidError, match=message) as caught:
        read_variables(str(path))
    assert "hunter2" not in caught.value.message


def test_later_values_win_and_single_ones_win_over_files(invoke: Invoke, tmp_path: Path) -> None:
    config = 'variable "n" { type = number }\njob "a" {\n  task "t" {\n    run "shell" { cmd = "x" }\n  }\n}\n'
    for name, value in (("one", '"no"'), ("two", '"nor this"'), ("good", "3")):
        (tmp_path / name).write_text(f'{{"n": {value}}}')
    files = [argument for name in ("one", "two") for argument in ("--vars", str(tmp_path / name))]
    assert invoke("pipeline", "validate", "-", *files, input=config).status == 1
    assert invoke("pipeline", "validate", "-", *files, "-v", str(tmp_path / "good"), input=config).status == 0
    assert invoke("pipeline", "validate", "-", *files, "--var", "n=3", input=config).status == 0


@pytest.mark.parametrize("pair", ["novalue", "=x", " =x"])
def test_a_value_without_a_name_is_a_wrong_command_line(invoke: Invoke, pair: str) -> None:
    result = invoke("pipeline", "validate", "-", "--var", pair)
    assert result.status == 2
    assert "NAME=VALUE" in result.err
