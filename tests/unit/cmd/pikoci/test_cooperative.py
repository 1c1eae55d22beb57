"""What making the process cooperative does, and what it leaves alone."""

import subprocess
import sys
from importlib import metadata

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


def test_the_metadata_can_be_read_afterwards() -> None:
    assert "pikoci" in {entry.name for entry in metadata.entry_points(group="console_scripts")}
