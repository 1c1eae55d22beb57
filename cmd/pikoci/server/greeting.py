"""What a new server says to whoever started it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from pikoci.server.settings import ServerSettings


def greeting(settings: ServerSettings, name: str, password: str) -> str:
    """Where the server is, the first login, and what to do next, in commands that work as they stand here."""
    url, command = settings.address, command_name()
    in_memory = settings.db_system == "mem"
    port = 8082 if settings.port == 8081 else 8081
    by_make = "MAKELEVEL" in os.environ
    keep = "ARGS='--db-system sqlite' make run" if by_make else "--db-system sqlite"
    return (
        f"\n  PikoCI is running at {url}\n"
        f"  Log in as {name} with the password {password}\n\n"
        f"  Next: open {url} in a browser, or in another terminal:\n"
        f"    {command} client login --url {url} --user {name}\n"
        f"    {command} client pipelines list\n\n"
        f"  Another port:  {f'PORT={port} make run' if by_make else f'--port {port}'}\n"
        + (f"  Ctrl-C forgets everything, unless you start with {keep}\n" if in_memory else "")
    )


def command_name() -> str:
    """What to type for this program: `pikoci` where the shell finds it so, else its path from here."""
    own = Path(sys.argv[0])
    found = shutil.which("pikoci")
    if not own.is_file() or own.suffix or (found is not None and Path(found).resolve() == own.resolve()):
        return "pikoci"
    here = own.resolve()
    if not here.is_relative_to(Path.cwd()):
        return str(here)
    return f"./{here.name}" if here.parent == Path.cwd() else str(here.relative_to(Path.cwd()))
