"""NATS and RabbitMQ."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.worker.services.model import HOST, LocalService, Order, answers, free_port, missing

_USER = "pikoci"
_NATS = """\
umask 077
mkdir "$DATA"
cat > "$DATA/conf" <<END
listen: "127.0.0.1:$PORT"
authorization { user: "pikoci", password: "$PASSWORD" }
jetstream { store_dir: "$DATA" }
END
unset PASSWORD
exec "$PROGRAM" -c "$DATA/conf"
"""
# The one on PATH is a wrapper that insists on a user and on folders of the machine.
_RABBITMQ_PROGRAMS = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server"))
_RABBITMQ = """\
umask 077
mkdir "$DATA"
cat > "$DATA/rabbitmq.conf" <<END
default_user = pikoci
default_pass = $PASSWORD
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 10MB
END
printf '[].\\n' > "$DATA/enabled_plugins"
unset PASSWORD
export HOME="$DATA" ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$NAMES_PORT"
export RABBITMQ_NODENAME=build@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$PORT"
export RABBITMQ_DIST_PORT="$NODES_PORT"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
export RABBITMQ_CONF_ENV_FILE="$DATA/none" RABBITMQ_ADVANCED_CONFIG_FILE="$DATA/none"
export RABBITMQ_CONFIG_FILE="$DATA/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$DATA/enabled_plugins"
export RABBITMQ_MNESIA_BASE="$DATA/mnesia" RABBITMQ_LOG_BASE="$DATA/log" RABBITMQ_GENERATED_CONFIG_DIR="$DATA/config"
export RABBITMQ_PID_FILE="$DATA/pid" RUNNING_UNDER_SYSTEMD=true
exec "$PROGRAM"
"""
_AMQP = b"AMQP\x00\x00\x09\x01"


def nats(order: Order) -> LocalService:
    """One server with JetStream. Raises StepError where it is not installed."""
    program = order.program("nats-server")
    port, password = order.port(), order.password()
    return LocalService(
        name="nats",
        script=_NATS,
        version=[program, "--version"],
        variables={"PROGRAM": program, "PORT": str(port), "DATA": str(order.data), "PASSWORD": password},
        exports=_exports("nats", port, password),
        secrets=[password],
        probe=lambda: answers(port, b"INFO "),
    )


def rabbitmq(order: Order) -> LocalService:
    """One node. Raises StepError where it is not installed."""
    program = next((str(path) for path in _RABBITMQ_PROGRAMS if path.exists()), "")
    if not program:
        raise missing("rabbitmq")
    port, password = order.port(), order.password()
    return LocalService(
        name="rabbitmq",
        script=_RABBITMQ,
        version=" ".join(path.name for path in Path(program).parents[1].glob("lib/rabbitmq_server-*")),
        variables={
            "PROGRAM": program,
            "PORT": str(port),
            "NAMES_PORT": str(free_port()),
            "NODES_PORT": str(free_port()),
            "DATA": str(order.data),
            "PASSWORD": password,
        },
        exports=_exports("amqp", port, password),
        secrets=[password],
        probe=lambda: answers(port, b"\x01", _AMQP),
    )


def _exports(scheme: str, port: int, password: str) -> dict[str, str]:
    url = f"{scheme}://{_USER}:{password}@{HOST}:{port}"
    return {"host": HOST, "port": str(port), "user": _USER, "password": password, "url": url}
