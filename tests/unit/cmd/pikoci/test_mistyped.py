"""Commands and options that there are not are answered with those that were meant."""

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("serve", "No such command 'serve'. Did you mean 'server'?"),
        ("jobs list", "No such command 'jobs'. Did you mean 'client jobs'?"),
        ("biulds list", "No such command 'biulds'. Did you mean 'client builds'?"),
        ("client job list", "No such command 'job'. Did you mean 'jobs'?"),
        ("client jobs lst", "No such command 'lst'. Did you mean 'list'?"),
        ("client jobs list --pipelin a", "No such option '--pipelin'. Did you mean '--pipeline'?"),
        ("server --db-sytem mem", "No such option '--db-sytem'. Did you mean '--db-system'?"),
        ("worker --concurency 2", "No such option '--concurency'. Did you mean '--concurrency'?"),
        ("run --nothing-like-it", "No such option '--nothing-like-it'."),
        ("nothinglikeit", "No such command 'nothinglikeit'."),
    ],
)
def test_the_nearest_name_is_told(invoke: Invoke, line: str, said: str) -> None:
    result = invoke(*line.split())
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == f"Error: {said}"
