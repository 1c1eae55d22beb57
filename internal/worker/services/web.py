"""Vault, MinIO and Keycloak: servers that are asked by HTTP."""

from __future__ import annotations

from pikoci.internal.worker.services.exchange import HOST, http_answers
from pikoci.internal.worker.services.model import Order, Program, Recipe, missing

# Its memory is not locked: that takes a right that builds don't have. Its token would lie in HOME.
_VAULT = """\
umask 077
mkdir "$DATA"
export HOME="$DATA" VAULT_DEV_ROOT_TOKEN_ID="$PASSWORD" VAULT_DISABLE_MLOCK=true SKIP_SETCAP=true
unset PASSWORD
exec "$PROGRAM" server -dev -dev-no-store-token -dev-listen-address="127.0.0.1:$PORT"
"""
_MINIO = """\
umask 077
mkdir "$DATA"
export HOME="$DATA" MINIO_ROOT_USER=pikoci MINIO_ROOT_PASSWORD="$PASSWORD"
unset PASSWORD
exec "$PROGRAM" server --address "127.0.0.1:$PORT" --console-address "127.0.0.1:$CONSOLE_PORT" "$DATA"
"""
_KEYCLOAK = """\
umask 077
export KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD="$PASSWORD"
unset PASSWORD
exec /opt/keycloak/bin/kc.sh start-dev --http-host=127.0.0.1 --http-port="$PORT"
"""


def vault(order: Order) -> Recipe:
    """Unsealed, with a KV store of version 2 at `secret`."""
    port, token = order.port(), order.password()

    def find() -> Program:
        program = order.program("vault")
        return Program({"PROGRAM": program}, [program, "version"])

    return Recipe(
        name="vault",
        script=_VAULT,
        variables={"PORT": str(port), "PASSWORD": token},
        exports={
            "host": HOST,
            "port": str(port),
            "password": token,
            "token": token,
            "url": f"http://{HOST}:{port}",
        },
        secrets=[token],
        probe=lambda: http_answers(port, "/v1/sys/health"),
        find=find,
        inside={"PROGRAM": "vault"},
    )


def minio(order: Order) -> Recipe:
    """One server without buckets."""
    port, password = order.port(), order.password()

    def find() -> Program:
        program = order.program("minio")
        return Program({"PROGRAM": program}, [program, "--version"])

    return Recipe(
        name="minio",
        script=_MINIO,
        variables={"PORT": str(port), "CONSOLE_PORT": str(order.another_port()), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "pikoci",
            "password": password,
            "url": f"http://{HOST}:{port}",
        },
        secrets=[password],
        probe=lambda: http_answers(port, "/minio/health/ready"),
        find=find,
        inside={"PROGRAM": "minio"},
    )


def keycloak(order: Order) -> Recipe:
    """The realm `master`, and its admin."""
    port, password = order.port(), order.password()

    def find() -> Program:
        raise missing("keycloak")

    return Recipe(
        name="keycloak",
        script=_KEYCLOAK,
        variables={"PORT": str(port), "PASSWORD": password},
        exports={
            "host": HOST,
            "port": str(port),
            "user": "admin",
            "password": password,
            "url": f"http://{HOST}:{port}",
        },
        secrets=[password],
        probe=lambda: http_answers(port, "/realms/master"),
        find=find,
        inside={},
    )
