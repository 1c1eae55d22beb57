"""Every pipeline of docs/examples is played, and ends as the table at its head says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.examples import FILES, Play
from tests.acceptance.examples_of_language import LANGUAGE_PLAYS
from tests.acceptance.examples_of_notifications import NOTIFICATION_PLAYS
from tests.acceptance.examples_of_types import ELSEWHERE, TYPE_PLAYS, surroundings
from tests.services.pikoci import PikociServer, running_server

#: The examples that need more than a server: services, values of variables, or somebody who acts meanwhile.
PLAYS: dict[str, Callable[[Play], None]] = {**LANGUAGE_PLAYS, **NOTIFICATION_PLAYS, **TYPE_PLAYS}
#: Those that are played here.
HERE = [file for file in FILES if file.stem not in ELSEWHERE]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PikociServer]:
    """One server for all of them."""
    folder = tmp_path_factory.mktemp("server")
    flags = [
        "--db-system=sqlite",
        f"--db-name={folder / 'pikoci.db'}",
        "--concurrency=4",
        "--secret-key=a key that only the tests of examples know",
        "--allow-private-sources",
        f"--fs-roots={tmp_path_factory.getbasetemp()}",
    ]
    with running_server(folder, flags, surroundings(folder)) as started:
        yield started


@pytest.mark.parametrize("file", HERE, ids=lambda file: file.stem)
def test_an_example_ends_as_its_head_says(file: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    PLAYS.get(file.stem, Play.run)(Play(file, tmp_path, request))


def test_each_play_has_its_example() -> None:
    assert PLAYS.keys() | ELSEWHERE.keys() <= {file.stem for file in FILES}
