"""What `caches` of a task may name."""

from __future__ import annotations

import json

import pytest

from pikoci.internal.domain.plan import TaskStep
from tests.unit.internal.pipeline.loading import Finding, find, job_of, task

FORM = 'write a path in the work directory, such as "node_modules", or one in the home, such as "~/.cache/go-build"'
RUN = 'run "shell" {\n  cmd = "true"\n}'


def with_caches(*paths: str) -> str:
    return task(f"caches = {json.dumps(paths)}\n{RUN}")


def caches_of(text: str) -> list[str]:
    [step] = job_of(text).steps
    assert isinstance(step, TaskStep)
    return step.caches


def test_paths_come_out_in_their_shortest_form_and_once() -> None:
    paths = ["./app//node_modules/", "~/.cache/go-build", "a/../target", "app/node_modules", "~/x/../.npm", "été 1"]
    assert caches_of(with_caches(*paths)) == [
        "app/node_modules",
        "~/.cache/go-build",
        "target",
        "~/.npm",
        "été 1",
    ]


def test_a_file_without_caches_has_none() -> None:
    [step] = job_of(task(RUN)).steps
    assert isinstance(step, TaskStep)
    assert (step.caches, step.cache_on_failure) == ([], False)


def test_what_is_kept_on_failure_is_read() -> None:
    [step] = job_of(task(f'caches = ["x"]\ncache_on_failure = true\n{RUN}')).steps
    assert isinstance(step, TaskStep)
    assert step.cache_on_failure


@pytest.mark.parametrize(
    ("path", "detail", "hint"),
    [
        ("../x", '"../x" is neither in the work directory nor in the build\'s home.', FORM),
        ("a/../../x", '"a/../../x" is neither in the work directory nor in the build\'s home.', FORM),
        ("~/../x", '"~/../x" is neither in the work directory nor in the build\'s home.', FORM),
        ("/var/cache", '"/var/cache" is neither in the work directory nor in the build\'s home.', FORM),
        ("~//etc", '"~//etc" is neither in the work directory nor in the build\'s home.', FORM),
        ("~root/x", '"~root/x" is neither in the work directory nor in the build\'s home.', FORM),
        ("~", '"~" is neither in the work directory nor in the build\'s home.', FORM),
        ("", '"" is the whole work directory, which can\'t be a cache.', "name directories in it"),
        (".", '"." is the whole work directory, which can\'t be a cache.', "name directories in it"),
        ("~/", '"~/" is the whole home, which can\'t be a cache.', "name directories in it"),
        ("$HOME/.npm", '"$HOME/.npm" is not the path of a cache; nothing is expanded in it.', FORM),
        ("a\x00b", '"a\x00b" is not the path of a cache; nothing is expanded in it.', FORM),
        ("x" * 501, f'"{"x" * 80}" is too long for the path of a cache.', "at most 500 bytes"),
    ],
)
def test_a_path_that_is_none_is_refused(path: str, detail: str, hint: str) -> None:
    assert find(with_caches(path)) == [Finding(3, 10, 'Wrong value for "caches"', detail, hint)]


def test_caches_do_not_lie_in_one_another() -> None:
    detail = '"a/b" lies in "a", which is a cache too.'
    wrong = [Finding(3, 10, 'Wrong value for "caches"', detail, "name the outer one alone")]
    assert find(with_caches("a/b", "a", "a-b")) == wrong
    assert caches_of(with_caches("a-b", "a", "~/a/b")) == ["a-b", "a", "~/a/b"]


def test_there_are_twenty_at_most() -> None:
    detail = "At most 20 caches are possible, and these are 21."
    assert find(with_caches(*map(str, range(21)))) == [Finding(3, 10, 'Wrong value for "caches"', detail)]


def test_one_text_is_no_list() -> None:
    assert find(task(f'caches = "x"\n{RUN}')) == [
        Finding(3, 10, 'Wrong value for "caches"', any_text=True),
    ]
