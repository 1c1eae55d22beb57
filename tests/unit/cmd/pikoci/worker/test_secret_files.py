"""Files of `pikoci run --secrets`."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.worker.run import run
from pikoci.worker.secret_files import read_secret_files

PARAM = next(param for param in run.params if param.name == "secrets")


def read(*files: Path) -> dict[str, str]:
    return dict(read_secret_files(click.Context(run), PARAM, tuple(map(str, files))))


def test_every_format_is_read_and_later_files_win(tmp_path: Path) -> None:
    texts = {
        "a.json": '{"A": "1", "B": "it\'s $5\\n", "N": null}',
        "b.yaml": "B: yes\nC: two\n",
        ".env": "export D='d'\n# no\nC=three\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = read(*(tmp_path / name for name in texts))
    assert found == {"A": "1", "B": "yes", "C": "three", "D": "d"}


@pytest.mark.parametrize("name", ["secrets", "secrets.txt"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("A=1")
    with pytest.raises(click.BadParameter, match="must end in"):
        read(tmp_path / name)


@pytest.mark.parametrize(("name", "text"), [("a.json", '["hunter22"]'), ("a.yml", "hunter22"), ("a.json", "{hunter22")])
def test_what_holds_no_entries_is_refused_without_showing_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidError, match="--secrets: the file") as caught:
        read(tmp_path / name)
    assert "hunter22" not in caught.value.message
