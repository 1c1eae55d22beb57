"""Which environment variables a pipeline may set."""

import pytest

from pikoci.internal.domain.limits import MAX_ENV_VARIABLE
from pikoci.internal.domain.variables import fault_of


@pytest.mark.parametrize("name", ["A", "_", "path", "GOFLAGS", "A1_b", "PATH", "HOME", "x" * 100, "BUILD", "CIRCLE"])
def test_names_of_the_shell_are_possible(name: str) -> None:
    assert fault_of(name, "x") == ""


@pytest.mark.parametrize("name", ["", "1A", "a-b", "a.b", "a b", "a=b", "é", "A\n", "x" * 101])
def test_other_names_are_not(name: str) -> None:
    assert "no name of an environment variable" in fault_of(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        *("WORKDIR", "TMPDIR", "CI", "CACHE_DIR", "NOTIFY_MESSAGE", "BUILD_NUMBER", "PIKOCI_OUTPUT", "GET_APP_REF"),
        *("TASK_A_B", "INPUT_X", "SERVICE_DB_PORT", "param_url", "version_ref", "put_x", "notify_x", "secret_x"),
    ],
)
def test_what_commands_see_anyway_stays_as_it_is(name: str) -> None:
    assert "is set by PikoCI itself" in fault_of(name, "x")


def test_a_value_holds_whatever_linux_can_hand_over() -> None:
    assert fault_of("A", "\"'$\n\t€") == ""
    assert "NUL" in fault_of("A", "a\0b")
    assert fault_of("A", "x" * (MAX_ENV_VARIABLE - 2)) == ""
    assert "longer than 131,071 bytes" in fault_of("A", "x" * (MAX_ENV_VARIABLE - 1))
    assert "longer than" in fault_of("A", "é" * (MAX_ENV_VARIABLE // 2))
