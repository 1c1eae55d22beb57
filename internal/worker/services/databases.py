"""PostgreSQL, MariaDB and Redis."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from pikoci.internal.worker.services.exchange import HOST, exchange
from pikoci.internal.worker.services.model import Order, Program, Recipe, missing
from pikoci.internal.worker.tools.outcome import StepError, failed

# Speed over safety: nobody needs the data of a build after a crash of the machine.
_POSTGRESQL = """\
umask 077
PATH="${BIN:+$BIN:}$PATH"
printf %s "$PASSWORD" > "$DATA.password"
initdb --no-sync -E UTF8 --locale=C -A scram-sha-256 -U postgres --pwfile="$DATA.password" -D "$DATA" >/dev/null
rm "$DATA.password"
unset PASSWORD
exec postgres -D "$DATA" -h 127.0.0.1 -p "$PORT" -c unix_socket_directories= -c fsync=off
"""
# PostgreSQL refuses to be root. Images have one of these, and the user. Where there is no other user, root of a
# namespace inside the container gets another number.
_POSTGRESQL_PRELUDE = """\
if [ "$(id -u)" = 0 ]; then
    { read -r _ _ users; read -r _ || [ "$users" != 1 ] || alone=yes; } < /proc/self/uid_map
    if [ "${alone-}" ]; then
        exec /usr/bin/unshare --user --map-user="$(id -u postgres)" --map-group="$(id -g postgres)" /bin/sh -e "$0"
    fi
    for program in gosu su-exec; do
        if command -v "$program" >/dev/null; then exec "$program" postgres /bin/sh -e "$0"; fi
    done
    exec /usr/bin/setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups /bin/sh -e "$0"
fi
"""
_POSTGRESQL_HELLO = b"user\0postgres\0\0"
# The file's statements are carried out before anybody is let in.
_MARIADB = """\
umask 077
PATH="${BIN:+$BIN:}$PATH:/usr/sbin"
me=$(id -un 2>/dev/null || id -u)
mariadb-install-db --no-defaults --datadir="$DATA" --user="$me" --auth-root-authentication-method=normal \\
    --skip-test-db --skip-log-bin >"$DATA.log" 2>&1 || { cat "$DATA.log"; exit 1; }
rm "$DATA.log"
cat > "$DATA.sql" <<END
CREATE DATABASE IF NOT EXISTS test;
DELETE FROM mysql.global_priv WHERE User = 'root' OR User = '';
FLUSH PRIVILEGES;
CREATE USER root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
END
unset PASSWORD
exec mariadbd --no-defaults --datadir="$DATA" --user="$me" --bind-address=127.0.0.1 --port="$PORT" --socket=socket \\
    --skip-name-resolve --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \\
    --init-file="$DATA.sql"
"""
_REDIS = """\
umask 077
mkdir "$DATA"
printf 'bind 127.0.0.1\\nport %s\\nrequirepass %s\\ndir %s\\nsave ""\\n' "$PORT" "$PASSWORD" "$DATA" > "$DATA/conf"
unset PASSWORD
exec "$PROGRAM" "$DATA/conf"
"""


def postgresql(order: Order) -> Recipe:
    """A cluster of its own."""
    port, password = order.port(), order.password()
    hello = struct.pack(">iHH", 8 + len(_POSTGRESQL_HELLO), 3, 0) + _POSTGRESQL_HELLO
    return Recipe(
        name="postgresql",
        script=_POSTGRESQL,
        prelude=_POSTGRESQL_PRELUDE,
        refuses_root=True,
        variables={"PORT": str(port), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "postgres",
            "password": password,
            "url": f"postgresql://postgres:{password}@{HOST}:{port}/postgres",
        },
        secrets=[password],
        # It asks for the password, where one that still starts has an error.
        probe=lambda: exchange(port, hello, lambda answer: answer.startswith(b"R")),
        find=lambda: _postgresql_here(order),
        inside={"BIN": ""},
    )


def mariadb(order: Order) -> Recipe:
    """A server of its own, which root may enter by the password alone."""
    port, password = order.port(), order.password()

    def find() -> Program:
        program = order.program("mariadbd", folders=("/usr/sbin",))
        order.program("mariadb-install-db")
        return Program({"BIN": str(Path(program).parent)}, [program, "--no-defaults", "--version"])

    return Recipe(
        name="mariadb",
        script=_MARIADB,
        variables={"PORT": str(port), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "root",
            "password": password,
            "url": f"mysql://root:{password}@{HOST}:{port}/test",
        },
        secrets=[password],
        # A greeting of protocol 10: the length, a number, then that. Where it lets nobody in there is an error, 255.
        probe=lambda: exchange(port, b"", lambda answer: answer[4:5] == b"\x0a"),
        find=find,
        inside={"BIN": ""},
    )


def redis(order: Order) -> Recipe:
    """A server that keeps nothing on disk."""
    port, password = order.port(), order.password()

    def find() -> Program:
        program = order.find("redis-server", "valkey-server")
        if not program:
            raise missing("redis")
        return Program({"PROGRAM": program}, [program, "--version"])

    return Recipe(
        name="redis",
        script=_REDIS,
        variables={"PORT": str(port), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "default",
            "password": password,
            # With the name: redis-cli takes a URL without one for a user whose name is empty.
            "url": f"redis://default:{password}@{HOST}:{port}/0",
        },
        secrets=[password],
        probe=lambda: exchange(
            port, f"AUTH {password}\r\nPING\r\n".encode(), lambda answer: answer.startswith(b"+OK\r\n+PONG\r\n")
        ),
        find=find,
        inside={"PROGRAM": "redis-server"},
    )


def _postgresql_here(order: Order) -> Program:
    """`postgres` and `initdb`: of the version wanted where Debian puts it, else on PATH, else the newest."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(9))
    wanted = order.form.version.removeprefix("v").partition(".")[0]
    found = [path.parent for path in debian if path.parts[-3] == wanted]
    on_path = shutil.which("initdb", path=order.path)
    if not found and on_path:
        found = [Path(on_path).resolve().parent]
    found += [path.parent for path in debian[-1:]]
    if not found:
        raise missing("postgresql")
    if order.is_root:
        raise StepError(failed("postgresql refuses to run as root, as whom this worker runs its builds"))
    return Program({"BIN": str(found[0])}, [str(found[0] / "postgres"), "--version"])
