"""What making the process cooperative does, and what it leaves alone."""

import subprocess
import sys

from gevent import events

PROGRAM = """
import sys
read = []
sys.addaudithook(lambda event, arguments: event == "open" and read.append(str(arguments[0])))
from pikoci.cooperative import make_cooperative
make_cooperative()
print(sum(name.endswith("entry_points.txt") for name in read))
"""


def test_no_metadata_of_installed_packages_is_read() -> None:
    """gevent would read all of it nineteen times; that was the greater part of a command's start."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_gevent_asks_for_plugins_again_afterwards() -> None:
    names = vars(events)
    assert names["notify_and_call_entry_points"] is not names["notify"]
