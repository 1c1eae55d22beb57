"""`passed`: names of jobs, their instances, and circles."""

from tests.unit.internal.pipeline.loading import Finding, find, spec_of

TRIGGER = 'resource "trigger" "go" {}\nresource "trigger" "other" {}\n'


def job(name: str, *passed: str, extra: str = "", step: str = 'get "trigger" "go"') -> str:
    names = ", ".join(f'"{one}"' for one in passed)
    return f'job "{name}" {{\n  {extra}\n  {step} {{\n    passed = [{names}]\n  }}\n}}\n'


def test_an_unknown_job_is_refused() -> None:
    assert find(TRIGGER + job("test") + job("deploy", "tset")) == [
        Finding(12, 14, 'Unknown job "tset" in passed', "", 'did you mean "test"?')
    ]


def test_a_job_with_instances_stands_for_all_of_them() -> None:
    text = TRIGGER + job("test", extra='for_each = toset(["a", "b"])') + job("deploy", "test", "test--b")

    deploy = spec_of(text).jobs[-1]
    assert [get.passed for get in deploy.gets()] == [["test--a", "test--b"]]


def test_one_instance_can_be_named() -> None:
    text = TRIGGER + job("test", extra='for_each = toset(["a", "b"])') + job("deploy", "test--b")

    assert [get.passed for get in spec_of(text).jobs[-1].gets()] == [["test--b"]]


def test_a_job_without_any_instance_is_refused() -> None:
    assert [one.summary for one in find(TRIGGER + job("test", extra="for_each = {}") + job("deploy", "test"))] == [
        'The job "test" has no instances'
    ]


def test_a_job_that_never_sees_the_resource_is_refused() -> None:
    assert find(TRIGGER + job("test", step='get "trigger" "other"') + job("deploy", "test")) == [
        Finding(
            12,
            14,
            'No version of trigger.go can pass the job "test"',
            'The job "test" neither gets nor puts trigger.go.',
            'add get "trigger" "go" {} to it',
        )
    ]


def test_a_put_in_a_hook_lets_versions_pass() -> None:
    test = 'job "test" {\n  on_success {\n    put "trigger" "go" {}\n  }\n}\n'

    assert [get.passed for get in spec_of(TRIGGER + test + job("deploy", "test")).jobs[-1].gets()] == [["test"]]


def test_a_circle_is_shown_once() -> None:
    text = TRIGGER + job("a", "c") + job("b", "a") + job("c", "b") + job("d", "a")

    assert find(text) == [
        Finding(3, 1, "Jobs wait for one another in a circle", "a -> c -> b -> a.", "take one of them out of passed")
    ]


def test_a_job_cannot_wait_for_itself() -> None:
    assert [one.texts[0] for one in find(TRIGGER + job("a", "a"))] == ["a -> a."]


def test_two_circles_are_both_shown() -> None:
    text = TRIGGER + job("a", "b") + job("b", "a") + job("c", "d") + job("d", "c", "a")

    assert [one.texts[0] for one in find(text)] == ["a -> b -> a.", "c -> d -> c."]


def test_a_chain_of_thousands_of_jobs_is_fine() -> None:
    text = TRIGGER + job("j0") + "".join(job(f"j{n}", f"j{n - 1}") for n in range(1, 3000))

    assert len(spec_of(text).jobs) == 3000


def test_jobs_that_wait_for_far_too_many_instances_are_refused() -> None:
    name = "x" * 90
    many = "matrix {\n    a = range(85)\n    b = range(10)\n  }"
    text = TRIGGER + job(name, extra=many) + job("b", name, extra=many)

    assert [one.summary for one in find(text)] == ["The pipeline is too large"]
