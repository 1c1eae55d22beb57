"""The parser against the reference implementation: what it accepts is accepted, what it rejects is rejected.

`pygohcl.loads` parses and then turns the result into JSON without evaluating. Only a parse error is an `HCLParseError`;
what fails afterwards is an `HCLInternalError` and says nothing about the syntax.
"""

import json
import random
from pathlib import Path

import pygohcl
import pytest

from pikoci.pkg.hcl import EvalContext, evaluate, has_errors, parse, parse_expression
from pikoci.pkg.hcl.values import to_string
from tests.contract.pkg.hcl.mutation import mutate

CORPUS = Path(__file__).parent / "corpus"
GOOD = sorted(CORPUS.glob("good/*.hcl"))
BAD = sorted(CORPUS.glob("bad/*.hcl"))
SEEDS = range(12)
MUTATIONS_PER_SEED = 300


def reference_accepts(source: bytes) -> bool:
    try:
        pygohcl.loadb(source)
    except pygohcl.HCLParseError:
        return False
    except pygohcl.HCLInternalError:
        return True
    return True


def accepts(source: bytes) -> bool:
    return not has_errors(parse(source).diagnostics)


def name(path: Path) -> str:
    return path.stem


def test_the_corpus_is_large_enough() -> None:
    assert len(GOOD) + len(BAD) >= 60


@pytest.mark.parametrize("path", GOOD, ids=name)
def test_good_file_is_accepted_by_both(path: Path) -> None:
    source = path.read_bytes()
    assert reference_accepts(source)
    assert [str(found) for found in parse(source).diagnostics] == []


@pytest.mark.parametrize("path", BAD, ids=name)
def test_bad_file_is_rejected_by_both(path: Path) -> None:
    source = path.read_bytes()
    assert not reference_accepts(source)
    diagnostics = parse(source).diagnostics
    assert has_errors(diagnostics)
    assert all(found.summary and found.range for found in diagnostics)


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_files_are_judged_alike(seed: int) -> None:
    rng = random.Random(seed)
    sources = [path.read_bytes().decode() for path in GOOD + BAD]
    unlike = []
    for _ in range(MUTATIONS_PER_SEED):
        source = mutate(rng.choice(sources), rng).encode()
        if accepts(source) != reference_accepts(source):
            unlike.append(source)
    assert unlike == []


EXPRESSIONS = [
    "1 + 2 * 3",
    "10 / 4",
    "-7 % 3",
    "0.1 + 0.2",
    "1e3",
    "123456789012345678901234567890 + 1",
    '"a" == "a"',
    '1 == "1"',
    "1 < 2 && !(2 <= 1)",
    'true ? "a" : "b"',
    'true ? 1 : "b"',
    "[1, 2, 3][1]",
    '{ a = "x" }.a',
    '{ a = "x" }["a"]',
    "([{ a = 1 }, { a = 2 }][*].a)[1]",
    "[{ a = 1 }, { a = 2 }].*.a[0]",
    "[for x in [1, 2, 3] : x * 2 if x > 1][0]",
    "{ for k, v in { b = 1, a = 2 } : v => k }[1]",
    "{ for v in [1, 2, 3] : v % 2 => v... }[1][1]",
    '"%{ for x in [1, 2] }${x},%{ endfor }"',
    '"%{ if true ~} yes %{~ else ~} no %{~ endif }"',
    '"a ${~ "b" ~} c"',
    '"$${x} %%{y} $z 100%"',
    '"\\u00e9\\n\\t\\"\\\\"',
    "<<-EOT\n    a\n      b\n\n    c ${1 + 1}\n    EOT\n",
    "<<EOT\n%{ for x in [1, 2] ~}\n  - ${x}\n%{ endfor ~}\nEOT\n",
    '"e\u0301"',
    "null == null",
    "1 / 8",
    "1.50",
]


def quoted(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_expression_has_the_value_of_the_reference(source: str) -> None:
    """The reference evaluates the condition of a variable; it raises unless our value is the one it finds."""
    expression = parse_expression(f'"<${{{source}}}>"').expression
    assert expression is not None
    value, diagnostics = evaluate(expression, EvalContext())
    assert diagnostics == []
    condition = f'"<${{{source}}}>" == '
    pygohcl.eval_var_condition(condition + quoted(to_string(value)), "different", "unused", "1")
    with pytest.raises(pygohcl.ValidationError):
        pygohcl.eval_var_condition(condition + quoted("something else"), "different", "unused", "1")
