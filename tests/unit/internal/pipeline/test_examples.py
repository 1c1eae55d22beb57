"""The example pipelines are valid, and do what their comments say."""

from pathlib import Path

import pytest

from pikoci.internal.pipeline import load
from tests.unit.internal.pipeline.loading import NOW, spec_of

FOLDER = Path(__file__).parents[4] / "configs/pipelines"
EXAMPLES = sorted(FOLDER.glob("*.hcl"))


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid_without_any_values(path: Path) -> None:
    loaded = load(path.read_text(encoding="utf-8"), filename=path.name, now=NOW, allow_missing_variables=True)

    assert loaded.diagnostics == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_becomes_a_pipeline(path: Path) -> None:
    values = {"url": "https://example.com/app.git"} if path.name == "git-test.hcl" else {}

    assert spec_of(path.read_text(encoding="utf-8"), values).jobs


def test_there_are_the_examples_that_the_documents_name() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "artifact",
        "git-test",
        "hello",
        "hooks",
        "matrix",
        "release",
        "resource-type",
        "runner-type",
        "services",
    ]


def test_hello_has_a_second_job_behind_the_first() -> None:
    gets = {
        job.name: [(get.resource, get.trigger, get.passed) for get in job.gets()]
        for job in spec_of(text_of("hello.hcl")).jobs
    }

    assert gets == {
        "hello": [("cron.tick", True, [])],
        "report": [("cron.tick", True, ["hello"])],
        "by-hand": [],
    }


def test_a_token_in_the_git_example_is_masked() -> None:
    spec = spec_of(text_of("git-test.hcl"), {"url": "u", "token": "tok-1234"})

    assert spec.masks == ["tok-1234"]


def test_the_matrix_example_makes_these_jobs() -> None:
    assert [job.name for job in spec_of(text_of("matrix.hcl")).jobs] == [
        "try--sh-fast",
        "try--sh-slow",
        "try--bash-fast",
        "try--bash-slow",
        "deploy--production",
        "deploy--staging",
    ]
