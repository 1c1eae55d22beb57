"""Secret-backed variables: what a plan says of them, and what is refused."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.domain.names import SECRET
from pikoci.internal.domain.plan import Command, Secrets, SecretType, SecretVariable, TaskStep
from pikoci.internal.domain.secret_text import FORM, SecretReference, compose, fill
from pikoci.internal.pipeline import kinds
from pikoci.pkg.hcl import Deferred, EvalContext, Value, evaluate, parse_expression, standard_functions
from tests.unit.internal.pipeline.loading import NOW, Finding, find, job_of, spec_of, warnings_of

TOKEN = 'variable "token" {\n  secret "file" {\n    path = "/s.json"\n    key = "token"\n  }\n}\n'
HELD = compose([SecretReference("token")])
BEARER = compose(["Bearer ", SecretReference("token")])
ONLY_THEN = (
    "The value of var.token comes from a secret and is known only when a build runs:"
    " it can stand in strings, lists and maps, and nothing else can be done with it."
)
OWN = 'variable "a" {\n  secret "s" {\n    key = "k"\n  }\n}\n'
TYPE = 'secret_type "s" {\n  get "shell" {\n    cmd = "get"\n  }\n}\n'


def secret(name: str, **arguments: str) -> str:
    """A variable of the file type, the arguments being expressions."""
    lines = "\n".join(f"    {argument} = {expression}" for argument, expression in arguments.items())
    return f'variable "{name}" {{\n  secret "file" {{\n{lines}\n  }}\n}}\n'


def test_a_value_is_carried_to_where_it_is_used() -> None:
    spec = spec_of(
        TOKEN
        + """
        locals { header = "Bearer ${var.token}" }
        env = { FILE = local.header }
        resource_type "feed" {
          params = ["auth", "many"]
          push "exec" { path = "x" }
        }
        resource "feed" "news" {
          params {
            auth = local.header
            many = { list = ["x", var.token], on = true }
          }
        }
        job "j" {
          env = { JOB = var.token }
          get "feed" "news" {
            params { auth = var.token }
          }
          task "t" {
            env = { STEP = var.token }
            run "exec" {
              path = "curl"
              args = ["-H", local.header]
            }
            ensure "shell" { cmd = "echo ${var.token} $HOME" }
          }
          put "feed" "news" { note = local.header }
        }
        """
    )
    get, task, put = spec.jobs[0].steps

    assert (spec.env, spec.jobs[0].env, task.env) == ({"FILE": BEARER}, {"JOB": HELD}, {"STEP": HELD})
    assert spec.resources[0].params == {"auth": BEARER, "many": {"list": ["x", HELD], "on": True}}
    assert isinstance(task, TaskStep)
    assert task.run.params["args"] == ["-H", BEARER]
    assert task.hooks.ensure[0].command == Command(
        runner="shell", params={"cmd": compose(["echo ", SecretReference("token"), " $HOME"])}
    )
    assert (getattr(get, "params", None), getattr(put, "params", None)) == ({"auth": HELD}, {"note": BEARER})
    assert spec.secrets == Secrets(
        variables=[SecretVariable(name="token", secret_type="file", path="/s.json", key="token")],
        types=[SecretType(name="file", builtin="file")],
    )


def test_a_text_that_looks_like_a_place_for_a_secret_is_none() -> None:
    step = job_of(
        f'job "j" {{ task "t" {{ run "shell" {{ cmd = "{FORM}[]" }} }} }}'.replace("{ ", "{\n").replace(" }", "\n}")
    ).steps[0]

    assert isinstance(step, TaskStep)
    assert step.run.params == {"cmd": compose([f"{FORM}[]"])}


def test_places_and_stores_may_be_made_of_secrets() -> None:
    spec = spec_of(
        secret("where", path='"/where.env"', key='"PLACE"')
        + OWN.replace('"k"', 'var.where\n    path = "a/${var.where}"').replace("secret", "type = number\n  secret")
        + "locals {\n  region = var.where\n}\n"
        + TYPE.replace("get", 'params = ["region"]\n  region = local.region\n  get', 1)
        + TYPE.replace('"s"', '"unused"')
    )

    where = compose([SecretReference("where")])
    assert spec.secrets.variables[1] == SecretVariable(
        name="a", secret_type="s", path=compose(["a/", SecretReference("where")]), key=where, type="number"
    )
    assert spec.secrets.types == [
        SecretType(name="s", config={"region": where}, get=Command(runner="shell", params={"cmd": "get"})),
        SecretType(name="file", builtin="file"),
    ]


@pytest.mark.parametrize(
    ("use", "line", "column", "summary"),
    [
        ("  tags = [var.token]", 8, 10, 'Wrong value for "tags"'),
        ('  serial_groups = ["x-${var.token}"]', 8, 19, 'Wrong value for "serial_groups"'),
        ("  concurrency = var.token", 8, 17, 'Wrong value for "concurrency"'),
        ("  timeout = var.token", 8, 13, 'Wrong value for "timeout"'),
        ("  for_each = toset([var.token])", 8, 14, "Error in toset()"),
        ("  for_each = { (var.token) = 1 }", 8, 16, "Invalid key"),
        ("  matrix {\n    a = [var.token]\n  }", 9, 9, 'Wrong value for the axis "a"'),
        ("  env = { A = upper(var.token) }", 8, 15, "Error in upper()"),
        ("  env = { A = jsonencode({ a = var.token }) }", 8, 15, "Error in jsonencode()"),
        ('  env = { A = var.token == "" ? "a" : "b" }', 8, 15, "Invalid operand"),
        ("  env = { A = var.token[0] }", 8, 24, "Invalid use of a secret"),
        (
            '  task "t" {\n    inputs = [var.token]\n    run "exec" {\n      path = "x"\n    }\n  }',
            9,
            14,
            'Wrong value for "inputs"',
        ),
    ],
)
def test_what_must_be_known_before_is_refused(use: str, line: int, column: int, summary: str) -> None:
    found = find(f'{TOKEN}job "j" {{\n{use}\n}}\n')

    assert [(one.line, one.column, one.summary) for one in found] == [(line, column, summary)]
    assert ONLY_THEN[1:] in found[0].texts[0]


def test_a_time_zone_is_no_secret() -> None:
    text = TOKEN + 'resource "cron" "c" {\n  check_interval = "@daily"\n  params {\n    timezone = var.token\n  }\n}\n'

    assert [(one.line, one.summary, one.texts[0]) for one in find(text)] == [
        (10, 'Wrong value for "timezone"', ONLY_THEN)
    ]


LITERALS = st.sampled_from(["", "x", 'it\'s "q"', "a\n$b", f"{FORM}[1]", "é${x}", "%{ if }"])
TEXT = LITERALS.map(lambda text: json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{"))
EXPRESSIONS = st.recursive(
    st.one_of(TEXT, st.sampled_from(["var.a", "var.b", '"${var.a}"', '"-${var.a}-${var.b}"'])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{ one = {pair[0]}, two = {pair[1]} }}"),
        st.tuples(inner, inner).map(lambda pair: f"[for x in [{pair[0]}, {pair[1]}] : {{ x = x }}]"),
        st.tuples(inner, inner).map(lambda pair: f"concat([{pair[0]}], [{pair[1]}])"),
        st.tuples(inner, inner).map(lambda pair: f"merge({{ a = {pair[0]} }}, {{ b = {pair[1]} }})"),
        st.tuples(inner, inner).map(lambda pair: f"[{pair[0]}, {pair[1]}][1]"),
        inner.map(lambda one: f'lookup({{ k = {one} }}, "k", null)'),
        inner.map(lambda one: f"try({one}, 1)"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.text(), st.text())
def test_a_completed_text_is_what_evaluating_with_the_value_gives(source: str, a: str, b: str) -> None:
    expression = parse_expression(source).expression
    assert expression is not None
    known: dict[str, Value] = {"a": unicodedata.normalize("NFC", a), "b": unicodedata.normalize("NFC", b)}
    functions = standard_functions(lambda: NOW)
    now = evaluate(expression, EvalContext({"var": known}, functions))
    deferred: dict[str, Value] = {name: Deferred.of(f"var.{name}") for name in known}
    later = evaluate(expression, EvalContext({"var": deferred}, functions))

    assert now.diagnostics == later.diagnostics == []
    filled = [fill(kinds.to_json(result.value), lambda name: str(known[name])) for result in (now, later)]
    assert filled[0] == filled[1] == plain_json(now.value)


def plain_json(value: object) -> object:
    if isinstance(value, dict):
        return {name: plain_json(item) for name, item in value.items()}
    return [plain_json(item) for item in value] if isinstance(value, list) else value


def test_a_for_each_over_known_keys_may_hand_out_secrets() -> None:
    spec = spec_of(TOKEN + 'job "j" {\n  for_each = { a = var.token }\n  env = { A = each.value }\n}\n')

    assert (spec.jobs[0].name, spec.jobs[0].env) == ("j--a", {"A": HELD})


def test_a_condition_on_a_secret_is_refused() -> None:
    found = find(TOKEN + 'job "j" {\n  if {\n    condition = var.token\n  }\n}\n')

    assert [(one.line, one.summary) for one in found] == [(9, "A condition cannot be made of a secret")]


def test_a_command_line_with_a_secret_is_warned_of() -> None:
    text = TOKEN + 'job "j" {\n  task "t" {\n    run "shell" {\n      cmd = "x ${var.token}"\n    }\n  }\n}\n'

    assert warnings_of(text) == [
        Finding(
            10,
            13,
            'A sensitive value in "cmd"',
            "It becomes part of the script as it is, whatever characters it has.",
            "write env = { NAME = ... } beside the command, and $NAME in a script",
        )
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            secret("a", path="var.b", key='"k"') + secret("b", path='"p"', key="var.a"),
            ["Variables refer to one another in a circle", "a -> b -> a."],
        ),
        (
            OWN + "locals {\n  l = var.a\n}\n" + TYPE.replace("get", "x = local.l\n  get", 1),
            ["Variables refer to one another in a circle", "a -> a."],
        ),
        (
            OWN + TYPE.replace('"get"', "var.a"),
            ["Variables refer to one another in a circle", "a -> a."],
        ),
        (
            "".join(secret(f"v{n}", path=f"var.v{n + 1}", key='"k"') for n in range(11))
            + secret("v11", path='"p"', key='"k"'),
            ["Variables refer to one another more than 10 deep", "v0 -> v1 -> v2 -> ... -> v11."],
        ),
        (
            'variable "a" {\n  type = list(string)\n  secret "file" {\n    path = "p"\n    key = "k"\n  }\n}\n',
            ["A secret is no list", "It is one of: string, number, bool, any."],
        ),
        (
            'variable "a" {\n  secret "pikoci" {\n    key = "a key"\n  }\n}\n',
            [
                '"a key" cannot be the name of a secret',
                f"It {SECRET.sentence}.",
            ],
        ),
        (
            TOKEN + 'variable "a" {\n  secret "pikoci" {\n    key = "X_${var.token}"\n  }\n}\n',
            ["An entry of the server's own store must be named when the pipeline is set", ""],
        ),
        (
            'variable "a" {\n  secret "pikoci" {\n    key = "A"\n    path = "p"\n  }\n}\n',
            ["An entry of the server's own store has no path", ""],
        ),
        (
            'variable "a" {\n  secret "vault" {\n    path = "p"\n    key = "k"\n  }\n}\n',
            ['The secret type "vault" needs a definition', ""],
        ),
        (
            'variable "a" {\n  secret "file" {\n    key = "k"\n  }\n}\n',
            ['No path for a secret of the type "file"', ""],
        ),
        (
            'secret_type "v" {\n  source = "pikoci://vault"\n  address = "https://v"\n}\n',
            ["Nothing to log in with: token or role_id or jwt", ""],
        ),
        (
            'secret_type "v" {\n  source = "pikoci://vault"\n  address = "https://v"\n  token = "t"\n  jwt = "j"\n}\n',
            ["token and jwt stand side by side", ""],
        ),
        (
            'secret_type "v" {\n  source = "pikoci://vault"\n  address = "https://v"\n  token = "t"\n  role = "r"\n}\n',
            ['"role" without "jwt"', ""],
        ),
        (
            'secret_type "v" {\n  source = "pikoci://vault"\n  token = "t"\n}\n',
            [
                'Missing param "address" of the secret type vault',
                "Address of the server, such as `https://vault:8200`.",
            ],
        ),
        (
            'secret_type "f" {\n  source = "pikoci://file"\n  format = "jsno"\n}\n',
            ['"jsno" is no format of a file', ""],
        ),
        (
            'secret_type "s" {\n  params = ["region"]\n  regoin = "x"\n  get "shell" {\n    cmd = "x"\n  }\n}\n',
            ['Unknown param "regoin" of s', ""],
        ),
        (
            'secret_type "s" {\n  region = "x"\n}\n',
            ['The secret_type "s" has no "get" block', ""],
        ),
    ],
)
def test_it_is_refused(text: str, wanted: list[str]) -> None:
    assert [[one.summary, one.texts[0]] for one in find(text)] == [wanted]


def test_the_servers_own_store_needs_no_definition() -> None:
    text = 'variable "which" {\n  default = "TOKEN"\n}\n' + OWN.replace('"s"', '"pikoci"').replace('"k"', "var.which")

    assert spec_of(text).secrets == Secrets(
        variables=[SecretVariable(name="a", secret_type="pikoci", path="TOKEN", key="value")],
        types=[SecretType(name="pikoci", builtin="pikoci")],
    )
    own = spec_of(OWN.replace('"s"', '"pikoci"') + TYPE.replace('"s"', '"pikoci"')).secrets
    assert (own.variables[0].key, own.types[0].builtin) == ("k", ""), "a type that the file defines wins"


def test_ten_links_are_allowed() -> None:
    text = "".join(secret(f"v{n}", path=f"var.v{n + 1}", key='"k"') for n in range(10)) + secret(
        "v10", path='"p"', key='"k"'
    )

    assert len(spec_of(text).secrets.variables) == 11


def test_credentials_of_a_store_are_masked() -> None:
    text = 'secret_type "v" {\n  source = "pikoci://vault"\n  address = "https://v"\n  token = "hvs.12345"\n}\n'

    assert spec_of(text).masks == ["hvs.12345"]


def test_texts_made_of_secrets_count_for_the_limits() -> None:
    doubled = "\n".join(f'  l{n} = "${{local.l{n - 1}}}${{local.l{n - 1}}}"' for n in range(1, 40))
    found = find(f'{TOKEN}locals {{\n  l0 = "0123456789${{var.token}}"\n{doubled}\n}}\n')

    assert found[0].summary in ("Expression too large", "The pipeline is too large")
