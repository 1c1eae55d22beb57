"""PostgreSQL and Redis."""

from __future__ import annotations

import shutil
from pathlib import Path

from pikoci.internal.worker.services.model import HOST, LocalService, Order, missing

# Speed over safety: nobody needs the data of a build after a crash of the machine.
_POSTGRESQL = """\
umask 077
printf %s "$PASSWORD" > "$DATA.password"
"$BIN/initdb" --no-sync -E UTF8 --locale=C -A scram-sha-256 -U postgres --pwfile="$DATA.password" -D "$DATA" >/dev/null
rm "$DATA.password"
unset PASSWORD
exec "$BIN/postgres" -D "$DATA" -h 127.0.0.1 -p "$PORT" -c unix_socket_directories= -c fsync=off
"""
_REDIS = """\
umask 077
mkdir "$DATA"
printf 'bind 127.0.0.1\\nport %s\\nrequirepass %s\\ndir %s\\nsave ""\\n' "$PORT" "$PASSWORD" "$DATA" > "$DATA/conf"
unset PASSWORD
exec "$PROGRAM" "$DATA/conf"
"""


def postgresql(order: Order) -> LocalService:
    """A cluster of its own. Raises StepError where it is not installed."""
    folder = _postgresql_folder(order)
    port, password = order.port(), order.password()
    return LocalService(
        name="postgresql",
        script=_POSTGRESQL,
        version=[str(folder / "postgres"), "--version"],
        variables={"BIN": str(folder), "PORT": str(port), "DATA": str(order.data), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "postgres",
            "password": password,
            "url": f"postgresql://postgres:{password}@{HOST}:{port}/postgres",
        },
        secrets=[password],
        ready=f'"$BIN/pg_isready" -q -h {HOST} -p "$PORT" -U postgres',
    )


def redis(order: Order) -> LocalService:
    """A server that keeps nothing on disk. Raises StepError where it is not installed."""
    program = order.program("redis-server", "valkey-server")
    client = order.program("redis-cli", "valkey-cli")
    port, password = order.port(), order.password()
    return LocalService(
        name="redis",
        script=_REDIS,
        version=[program, "--version"],
        variables={
            "PROGRAM": program,
            "CLIENT": client,
            "PORT": str(port),
            "DATA": str(order.data),
            "PASSWORD": password,
            "REDISCLI_AUTH": password,
        },
        exports={
            "host": HOST,
            "port": str(port),
            "user": "default",
            "password": password,
            # With the name: redis-cli takes a URL without one for a user whose name is empty.
            "url": f"redis://default:{password}@{HOST}:{port}/0",
        },
        secrets=[password],
        ready=f'[ "$("$CLIENT" -h {HOST} -p "$PORT" ping)" = PONG ]',
    )


def _postgresql_folder(order: Order) -> Path:
    """Where `postgres` and `initdb` are: for the version wanted where Debian puts it, else on PATH, else the newest."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(9))
    wanted = order.text("version").partition(".")[0]
    found = [path.parent for path in debian if path.parts[-3] == wanted]
    on_path = shutil.which("initdb", path=order.path)
    if not found and on_path:
        found = [Path(on_path).resolve().parent]
    found += [path.parent for path in debian[-1:]]
    if not found:
        raise missing("postgresql")
    return found[0]
