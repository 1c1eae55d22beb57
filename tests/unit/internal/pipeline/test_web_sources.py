"""Definitions of types from the web, once they are fetched."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import pytest

from pikoci.internal.domain.fetched_source import FetchedSource
from pikoci.internal.domain.plan import PipelineSpec
from pikoci.internal.pipeline import Fetched, addresses, diff
from tests.unit.internal.pipeline.loading import Finding, find, findings, run

ADDRESS = "https://example.com/feed.hcl"
DEFINITION = """resource_type "whatever" {
  params = ["url"]
  cache  = true

  check "shell" {
    cmd = "echo '[]'"
  }
}
"""
DIGEST = sha256(DEFINITION.encode()).hexdigest()
HOLDS = {ADDRESS: Fetched(content=DEFINITION.encode())}
USE = 'resource "feed" "news" {\n  params {\n    url = "x"\n  }\n}\n'


def pipeline(more: str = f'source_sha256 = "{DIGEST}"', kind: str = "resource_type", use: str = USE) -> str:
    return f'{kind} "feed" {{\n  source = "{ADDRESS}"\n  {more}\n}}\n{use}'


def spec_of(text: str, fetched: Mapping[str, Fetched] = HOLDS) -> PipelineSpec:
    loaded = run(text, fetched=fetched)
    assert loaded.spec is not None, loaded.diagnostics
    assert loaded.diagnostics == []
    return loaded.spec


def holding(text: str) -> dict[str, Fetched]:
    return {ADDRESS: Fetched(content=text.encode())}


def test_what_was_fetched_stands_as_if_the_file_held_it() -> None:
    spec, inline = spec_of(pipeline()), spec_of(DEFINITION.replace("whatever", "feed") + USE, {})
    assert spec.resource_types == inline.resource_types
    assert spec.resources == inline.resources
    assert spec.sources == [FetchedSource(block="resource_type", name="feed", address=ADDRESS, sha256=DIGEST)]
    assert inline.sources == []


def test_what_the_file_says_itself_wins() -> None:
    assert not spec_of(pipeline(f'source_sha256 = "{DIGEST.upper()}"\n cache = false')).resource_types[0].cache


def test_a_runner_comes_from_the_web_too() -> None:
    runner = 'runner_type "x" {\n  run {\n    path = "nice"\n    args = ["$args"]\n  }\n}\n'
    digest = sha256(runner.encode()).hexdigest()
    use = 'job "j" {\n  task "t" {\n    run "feed" {\n      args = ["true"]\n    }\n  }\n}\n'
    spec = spec_of(pipeline(f'source_sha256 = "{digest}"', "runner_type", use), holding(runner))
    assert [(one.name, one.path) for one in spec.runner_types] == [("feed", "nice")]


def test_addresses_are_found_once_without_evaluating_anything() -> None:
    other = 'resource_type "o" {\n  source = "http://example.com/o.hcl"\n}\n'
    builtin = 'resource_type "g" {\n  source = "pikoci://git"\n}\n'
    computed = 'resource_type "c" {\n  source = "https://${var.x}/o.hcl"\n}\n'
    inner = 'job "j" {\n  task "t" {\n    source = "https://no.example"\n  }\n}\n'
    text = pipeline() + pipeline() + other + builtin + computed + inner
    assert addresses(text) == [ADDRESS, "http://example.com/o.hcl"]
    assert addresses('variable "x" {\n  default = "https://example.com"\n}\n') == []
    many = "".join(f'resource_type "t{n}" {{\n  source = "https://example.com/{n}"\n}}\n' for n in range(30))
    assert len(addresses(many)) == 20
    assert len(addresses("}" + pipeline())) <= 1


def test_without_a_digest_there_is_a_warning_that_says_it() -> None:
    loaded = run(pipeline(""), fetched=HOLDS)
    assert loaded.spec is not None
    assert findings(loaded.diagnostics, "warning") == [
        Finding(
            2,
            12,
            "A source that may change",
            f"Whoever can change {ADDRESS} decides what builds run.",
            f'write source_sha256 = "{DIGEST}", which is that of now',
        )
    ]


def only(text: str, fetched: Mapping[str, Fetched]) -> tuple[str, str, str]:
    """Summary, detail and hint of the one error."""
    [found] = find(text, fetched=fetched)
    return (found.summary, *found.texts)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"\xff\xfe", f"What {ADDRESS} holds is no text."),
        (b"", f"{ADDRESS} must hold one resource_type block and nothing else."),
        (DEFINITION.encode() * 2, f"{ADDRESS} must hold one resource_type block and nothing else."),
        (b"a = 1\n" + DEFINITION.encode(), f"{ADDRESS} must hold one resource_type block and nothing else."),
        (b'job "j" {}\n', f"{ADDRESS} must hold one resource_type block and nothing else."),
        (b"resource_type {}\n", f"{ADDRESS} must hold one resource_type block and nothing else."),
        (b'resource_type "x" {\n  source = "pikoci://git"\n}\n', f"{ADDRESS} leads on to another source."),
    ],
)
def test_what_is_no_definition_is_refused(content: bytes, detail: str) -> None:
    found = find(pipeline(""), fetched={ADDRESS: Fetched(content=content)})
    assert found == [Finding(2, 12, "The source holds no definition", detail)]


def test_what_is_no_hcl_is_refused_with_its_place() -> None:
    loaded = run(pipeline(""), fetched=holding("<html>\n  not here\n</html>"))
    assert loaded.spec is None
    assert {one.file for one in loaded.diagnostics} == {ADDRESS, "pipeline.hcl"}
    assert f"What {ADDRESS} holds is no HCL." in {one.detail for one in loaded.diagnostics}


def test_an_error_inside_names_the_address_and_the_line_there() -> None:
    text = DEFINITION.replace('check "shell"', 'chek "shell"')
    loaded = run(pipeline(f'source_sha256 = "{sha256(text.encode()).hexdigest()}"'), fetched=holding(text))
    [error] = [one for one in loaded.diagnostics if one.severity == "error"]
    assert (error.file, error.line, error.summary) == (ADDRESS, 5, 'Unknown block "chek" in resource_type')


@pytest.mark.parametrize("name", ["var", "local", "each"])
def test_a_definition_sees_nothing_of_the_file(name: str) -> None:
    text = DEFINITION.replace("echo '[]'", f"echo ${{{name}.token}}")
    declared = 'variable "token" {\n  default = "s"\n}\nlocals {\n  token = "s"\n}\n'
    loaded = run(pipeline("") + declared, fetched=holding(text))
    assert loaded.spec is None
    errors = [one for one in loaded.diagnostics if one.severity == "error"]
    assert (errors[0].file, errors[0].summary) == (ADDRESS, f'"{name}" in a source')


def test_one_that_is_not_had_is_an_error_with_the_reason() -> None:
    wrong = {ADDRESS: Fetched(problem="the answer is 404 Not Found", hint="look there")}
    detail = f"{ADDRESS}: the answer is 404 Not Found."
    assert only(pipeline(), wrong) == ("The source cannot be had", detail, "look there")
    assert only(pipeline(), {}) == (
        "The source cannot be had",
        f"{ADDRESS}: it was not fetched.",
        "a file may name 20 addresses",
    )


def test_another_digest_than_the_pinned_is_an_error_that_says_it() -> None:
    assert find(pipeline(f'source_sha256 = "{"0" * 64}"'), fetched=HOLDS) == [
        Finding(
            3,
            19,
            "The source has changed",
            f"{ADDRESS} has the digest {DIGEST}.",
            "look at what is there now, and write this digest if it is as it should be",
        )
    ]


@pytest.mark.parametrize("pin", ['"abc"', "1", f'"{DIGEST}${{""}}"', "null"])
def test_what_is_no_digest_is_refused(pin: str) -> None:
    assert find(pipeline(f"source_sha256 = {pin}"), fetched=HOLDS) == [
        Finding(3, 19, 'Wrong value for "source_sha256"', "64 hexadecimal digits are required, written out.")
    ]


def test_a_source_excludes_commands() -> None:
    found = find(pipeline('check "shell" {\n    cmd = "true"\n  }'), fetched=HOLDS)
    assert Finding(3, 3, 'Both "source" and "check"', any_text=True) in found


def test_params_and_a_runner_of_the_file_come_before_those_of_the_source() -> None:
    own = 'params = ["own"]\n  runner "docker" {\n    image = "a"\n  }'
    definition = 'resource_type "feed" {\n  params = ["theirs"]\n  runner "docker" {\n    image = "b"\n  }\n'
    definition += '  check "exec" {\n    path = "true"\n  }\n}\n'
    text = f'resource_type "feed" {{\n  source = "{ADDRESS}"\n  {own}\n}}\njob "j" {{}}\n'
    loaded = run(text, fetched=holding(definition))
    assert loaded.spec is not None
    kind = loaded.spec.resource_type("feed")
    assert kind is not None
    assert kind.check is not None
    assert (kind.params, kind.check.runner, kind.check.params["image"]) == (["own"], "docker", "a")


def test_a_digest_needs_an_address() -> None:
    text = f'resource_type "feed" {{\n  source = "pikoci://git"\n  source_sha256 = "{DIGEST}"\n}}\n'
    hint = "a definition that comes with the program needs no digest"
    assert find(text) == [Finding(3, 3, '"source_sha256" without a source on the web', "", hint)]


def test_an_address_is_written_out() -> None:
    text = 'variable "h" {\n  default = "x.example"\n}\nresource_type "t" {\n  source = "https://${var.h}/t.hcl"\n}\n'
    detail = "Definitions are fetched before anything is evaluated."
    assert find(text) == [Finding(5, 12, "An address that is not written out", detail)]


def test_a_plan_shows_what_was_fetched() -> None:
    before, text = spec_of(pipeline()), DEFINITION.replace("[]", "[ ]")
    after = run(pipeline(""), fetched=holding(text)).spec
    assert after is not None
    [added, *_] = diff(None, before)
    assert (added.kind, added.what, added.name) == ("added", "source", "resource_type.feed")
    assert [(one.path, one.after) for one in added.details] == [("address", ADDRESS), ("sha256", DIGEST)]
    [changed, kind] = diff(before, after)
    [digest] = changed.details
    assert (digest.path, digest.before, digest.after) == ("sha256", DIGEST, sha256(text.encode()).hexdigest())
    assert (kind.what, kind.name) == ("resource_type", "feed")
