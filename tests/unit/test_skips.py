"""Where everything is required, a skip is a failure unless expected-skips.txt names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.requirement import VARIABLE

ROOT = Path(__file__).resolve().parents[2]

SKIPS = """
import pytest

def test_that_skips():
    pytest.skip("no reason")

@pytest.mark.xfail(reason="known", strict=False)
def test_that_may_fail():
    assert False
"""

MODULE_SKIPS = "import pytest\npytest.skip('no reason', allow_module_level=True)\n"


def _run(folder: Path, required: str, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest", str(folder)],
        cwd=ROOT,
        env={**os.environ, VARIABLE: required, "PYTEST_XDIST_WORKER": "", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("text", [SKIPS, MODULE_SKIPS])
def test_an_unexpected_skip_fails_where_all_is_required(tmp_path: Path, text: str) -> None:
    run = _run(tmp_path, "all", text)
    assert run.returncode != 0
    assert "unexpected skip" in run.stdout
    assert "no reason" in run.stdout


def test_a_skip_stays_a_skip_elsewhere(tmp_path: Path) -> None:
    run = _run(tmp_path, "", SKIPS)
    assert run.returncode == 0
    assert "1 skipped, 1 xfailed" in run.stdout
