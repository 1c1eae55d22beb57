from __future__ import annotations

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(invoke: Invoke, shell: str) -> None:
    result = invoke("completion", shell)
    assert (result.status, result.err) == (0, "")
    assert f"_PIKOCI_COMPLETE={shell}_complete" in result.out


def test_another_shell_is_a_wrong_command_line(invoke: Invoke) -> None:
    assert invoke("completion", "tcsh").status == 2
