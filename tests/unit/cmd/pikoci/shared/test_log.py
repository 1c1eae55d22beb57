from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from pikoci.shared.log import configure_logging


@pytest.fixture
def _restored() -> Iterator[None]:
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_in_the_log_shows_no_values(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    configure_logging("info", as_json=as_json)
    password = "x" * 30
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger("test").exception("it failed")
    logged = capsys.readouterr().err
    assert "ValueError" in logged
    assert "xxxx" not in logged
