"""What the server stores of a pipeline can be read by several threads at once."""

import subprocess
import sys
from textwrap import dedent

import pytest

#: Threads that are the first to decode a plan, all at once; each process may be lucky, hence several.
AT_ONCE = dedent(
    """
    import sys, threading
    sys.setswitchinterval(1e-6)
    from pikoci.internal.domain.plan import decode_spec

    data = b'{"jobs":[{"name":"j","steps":[{"kind":"in_parallel","id":"1","name":"","steps":[{"kind":"task","id":"1/1",'
    data += b'"name":"t","run":{"runner":"shell"},"hooks":{"ensure":[{"id":"e","command":{"runner":"shell"}}]}}]}]}]}'
    gate = threading.Barrier(8)

    def decode():
        gate.wait()
        for _ in range(50):
            decode_spec(data)

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """
)


@pytest.mark.parametrize("attempt", range(6))
def test_threads_may_decode_from_the_first_time_on(attempt: int) -> None:
    done = subprocess.run([sys.executable, "-c", AT_ONCE], check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b""), attempt
