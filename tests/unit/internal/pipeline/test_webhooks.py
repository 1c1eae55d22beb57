"""The secret of a resource's webhook in a file."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import decode_spec, encode_spec
from pikoci.internal.pipeline import diff
from tests.unit.internal.pipeline.loading import Finding, find, run, spec_of, warnings_of

VARIABLE = 'variable "hook" {\n  type = string\n  sensitive = true\n}\n'
BACKED = 'variable "hook" {\n  type = string\n  secret "file" {\n    path = "/s"\n    key = "k"\n  }\n}\n'
WRONG = 'Wrong value for "webhook_secret"'


def git(secret: str) -> str:
    """A resource whose secret stands in its second line."""
    return f'resource "git" "app" {{\n  webhook_secret = {secret}\n  params {{ url = "u" }}\n}}\n'


def test_a_secret_is_kept_apart_from_what_workers_are_given() -> None:
    spec = spec_of(VARIABLE + git("var.hook"), {"hook": "s3cret"})
    assert spec.webhook_secrets == {"git.app": "s3cret"}
    assert b"s3cret" not in encode_spec(spec).replace(b'"webhook_secrets":{"git.app":"s3cret"}', b"").replace(
        b'"masks":["s3cret"]', b""
    )
    assert decode_spec(encode_spec(spec)) == spec


def test_a_secret_that_is_written_out_is_masked_and_changes_unseen() -> None:
    before, after = spec_of(git('"first"')), spec_of(git('"second"'))
    assert before.masks == ["first"]
    [change] = diff(before, after)
    assert [(one.path, one.before, one.after) for one in change.details] == [
        ("webhook_secret", "(sensitive)", "(sensitive, changed)")
    ]
    [change] = diff(before, spec_of(git("null")))
    assert [(one.path, one.before, one.after) for one in change.details] == [("webhook_secret", "(sensitive)", None)]


def test_an_empty_secret_is_none_and_warned_of() -> None:
    detail = "Whoever knows the webhook's address can have the resource checked."
    hint = "give it a value, or take it out"
    assert warnings_of(git('""')) == [Finding(2, 20, "The webhook_secret is empty", detail, hint)]
    assert spec_of(git('""')).webhook_secrets == {}


def test_a_file_can_be_checked_without_the_secret() -> None:
    assert run(VARIABLE + git("var.hook"), allow_missing_variables=True).diagnostics == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            BACKED + git("var.hook"),
            Finding(
                9,
                20,
                WRONG,
                "The server checks what is posted, and only a worker can read this value from its store.",
                "take a variable that gets its value when the pipeline is set, with sensitive = true",
            ),
        ),
        (
            git('"s3cret\\n"'),
            Finding(
                2,
                20,
                WRONG,
                "A webhook's secret has no line breaks, other control characters, or spaces at its ends.",
                "if it was read from a file, take the line break off its end",
            ),
        ),
        (git(f'"{"x" * 4097}"'), Finding(2, 20, WRONG, "A webhook's secret has at most 4,096 characters.")),
        (git("[]"), Finding(2, 20, WRONG, "A string is required, not a list.")),
    ],
)
def test_what_is_no_secret_is_refused(text: str, wanted: Finding) -> None:
    assert find(text) == [wanted]
