"""Whatever a file looks like, loading it never raises and always says what is wrong."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pikoci.internal.pipeline import load
from tests.unit.internal.pipeline.loading import NOW, run

EXAMPLES = sorted(Path(__file__).parents[4].glob("configs/pipelines/*.hcl"))
TOKEN = re.compile(r'"[^"\n]*"|[\w.-]+|\S|\n')
SWAPS = ['"x"', "null", "[]", "{}", "true", "-1", "var.nope", "each.value", "}", "{", '"${', "1e99", "for_each = 1\n"]


def mutated(text: str, random_source: random.Random) -> str:
    """`text` with a few tokens, lines or blocks dropped, doubled or replaced."""
    for _ in range(random_source.randint(1, 4)):
        tokens = [match.span() for match in TOKEN.finditer(text)]
        if len(tokens) < 2:
            return text
        start, end = random_source.choice(tokens)
        kind = random_source.randrange(4)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:start] + random_source.choice(SWAPS) + text[end:]
        elif kind == 2:
            end = max(end, random_source.choice(tokens)[1])
            text = text[:start] + text[min(end, start + 300) :]
        else:
            text = text[:end] + text[start:end] + text[end:]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_damaged_examples_never_crash(seed: int) -> None:
    random_source = random.Random(seed)
    for _ in range(30):
        text = mutated(random_source.choice(EXAMPLES).read_text(encoding="utf-8"), random_source)

        for missing in (False, True):
            loaded = load(text, {"url": "u"}, now=NOW, allow_missing_variables=missing)

            assert loaded.ok or loaded.spec is None
            assert not loaded.ok or loaded.spec is not None or missing
            for one in loaded.diagnostics:
                assert one.summary
                assert 0 <= one.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ufeff", "\ud800", "job", 'job "', "a" * 10_000, "{" * 5000, "x = " + "[" * 5000, 'job "j" {' * 2000],
)
def test_odd_files_never_crash(text: str) -> None:
    loaded = run(text)

    assert loaded.ok == (loaded.spec is not None)


def test_no_more_findings_than_people_can_read() -> None:
    loaded = run("\n".join(f'resource "nope{n}" "r{n}" {{}}' for n in range(2000)))

    assert len(loaded.diagnostics) == 101
    assert loaded.diagnostics[-1].summary == "Too many errors"
    assert loaded.diagnostics[-1].detail == "Further ones are not looked for."


def test_threads_do_not_disturb_one_another() -> None:
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES] * 4
    alone = [load(text, {"url": "u"}, now=NOW) for text in texts]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: load(text, {"url": "u"}, now=NOW), texts))

    assert together == alone


@pytest.mark.parametrize("block", ["if {\ncondition = true\n", 'ensure {\ntask "t" {\nrun "x" {\n}\n'])
def test_deep_nesting_never_crashes(block: str) -> None:
    for depth in (50, 1000):
        loaded = run('job "j" {\n' + block * depth + "}\n" * depth * block.count("{"))

        assert loaded.ok or loaded.diagnostics
