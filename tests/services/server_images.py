"""Images of podman with real servers, made of the files that this machine has of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.services.containers import Containers
from tests.services.requirement import missing, program

_APPLETS = ("cat", "httpd", "id", "mkdir", "nc", "rm", "sed", "sh", "sleep", "tail")
_BUSYBOX = Path("/bin/busybox")
_PASSWD = "root:x:0:0::/root:/bin/sh\npostgres:x:70:70::/:/bin/sh\n"
_POSTGRESQL = Path("/usr/lib/postgresql/15")


def redis_layer() -> bytes:
    """Redis, for whoever it runs as."""
    return _packed({"usr/bin/redis-server": program("redis", "redis-server")})


def postgresql_layer() -> bytes:
    """PostgreSQL, of which root cannot be the server, and a user for it."""
    if not _POSTGRESQL.exists():
        missing("postgresql", "install Debian's postgresql-15")
    home = {name: _POSTGRESQL / "bin" / name for name in ("initdb", "postgres")}  # they look for files from there
    programs = {str(path.relative_to("/")): str(path) for path in home.values()}
    programs |= {f"usr/bin/{name}": f"/usr/bin/{name}" for name in ("setpriv", "unshare")}
    links = {f"usr/bin/{name}": str(path) for name, path in home.items()}
    return _packed(programs, [_POSTGRESQL / "lib", Path("/usr/share/postgresql/15")], links)


def nats_layer() -> bytes:
    """NATS."""
    return _packed({"usr/bin/nats-server": program("nats", "nats-server")})


def scripted_layer(script: str, *programs: str) -> bytes:
    """A script in place of `redis-server`, or of other programs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return _packed(dict.fromkeys(programs or ("usr/bin/redis-server",), str(file)))


def make_image(containers: Containers, name: str, layer: bytes) -> str:
    """Give podman an image of one layer."""
    with tempfile.TemporaryFile() as packed:
        packed.write(layer)
        packed.seek(0)
        containers.run("import", "--change=ENV=PATH=/usr/bin:/bin", "-", name, stdin=packed)
    return name


def _packed(files: dict[str, str], folders: Iterable[Path] = (), links: dict[str, str] | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        tree.chmod(0o755)
        for place in ("bin", "etc", "tmp", "usr/bin"):
            (tree / place).mkdir(parents=True)
        (tree / "tmp").chmod(0o1777)
        (tree / "etc" / "passwd").write_text(_PASSWD)
        shutil.copy(_BUSYBOX, tree / "bin" / "busybox")
        for applet in _APPLETS:
            (tree / "bin" / applet).symlink_to("busybox")
        for source in folders:
            shutil.copytree(source, tree / source.relative_to("/"), symlinks=True, ignore=_needless)
        for place, file in (links or {}).items():
            (tree / place).symlink_to(file)
        for place, file in files.items():
            (tree / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, tree / place)
            for library in _libraries(file):
                target = tree / library.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)
        packed = ["tar", "--owner=0", "--group=0", "-C", folder, "-c", "."]
        return subprocess.run(packed, stdout=subprocess.PIPE, check=True).stdout


def _needless(folder: str, names: list[str]) -> list[str]:
    """What of PostgreSQL's folders is large, and which a server without extensions never looks at."""
    return [name for name in names if name == "bitcode" or name.startswith("llvm")]


def _libraries(file: str) -> list[Path]:
    told = subprocess.run(["ldd", file], capture_output=True, text=True, check=False)
    return [Path(one) for one in re.findall(r"(/\S+) \(0x", told.stdout)]
