"""NATS, RabbitMQ and Kafka."""

from __future__ import annotations

import struct
from pathlib import Path

from pikoci.internal.worker.services.exchange import HOST, exchange
from pikoci.internal.worker.services.model import Order, Program, Recipe, missing

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
_KAFKA_FOLDERS = ("/opt/kafka/bin", "/usr/local/kafka/bin")
_KAFKA_CLUSTER = "cGlrb2NpLXNlcnZpY2UtMQ"
_KAFKA = """\
umask 077
PATH="$PATH:/opt/kafka/bin"
mkdir "$DATA"
cat > "$DATA/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$CONTROLLER_PORT
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$PORT,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:$PORT
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$DATA/logs
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
END
export LOG_DIR="$DATA/own" KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms128m -Xmx512m}"
"$STORAGE" format -t "$CLUSTER" -c "$DATA/server.properties" > "$DATA.log" 2>&1 || { cat "$DATA.log"; exit 1; }
rm "$DATA.log"
exec "$PROGRAM" "$DATA/server.properties"
"""
# Metadata of no topic, version 1: the answer counts the brokers first.
_METADATA = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)


def nats(order: Order) -> Recipe:
    """One server with JetStream."""
    port, password = order.port(), order.password()

    def find() -> Program:
        program = order.program("nats-server")
        return Program({"PROGRAM": program}, [program, "--version"])

    login = f'CONNECT {{"user":"{_USER}","pass":"{password}","verbose":false}}\r\nPING\r\n'.encode()
    return Recipe(
        name="nats",
        script=_NATS,
        variables={"PORT": str(port), "PASSWORD": password},
        exports=_exports("nats", port, password),
        secrets=[password],
        probe=lambda: exchange(
            port, b"", lambda answer: answer.startswith(b"INFO ") and answer.endswith(b"\r\n"), (login, _is_pong)
        ),
        find=find,
        inside={"PROGRAM": "nats-server"},
    )


def rabbitmq(order: Order) -> Recipe:
    """One node."""
    port, password = order.port(), order.password()

    def find() -> Program:
        program = next((path for path in _RABBITMQ_PROGRAMS if path.exists()), None)
        if program is None:
            raise missing("rabbitmq")
        version = " ".join(path.name for path in program.parents[1].glob("lib/rabbitmq_server-*"))
        return Program({"PROGRAM": str(program)}, version)

    return Recipe(
        name="rabbitmq",
        script=_RABBITMQ,
        variables={
            "PORT": str(port),
            "NAMES_PORT": str(order.another_port()),
            "NODES_PORT": str(order.another_port()),
            "PASSWORD": password,
        },
        exports=_exports("amqp", port, password),
        secrets=[password],
        # It wants to begin a connection, channel 0, where it answers another one with a header of its own.
        probe=lambda: exchange(port, _AMQP, lambda answer: answer.startswith(b"\x01\x00\x00")),
        find=find,
        inside={"PROGRAM": "rabbitmq-server"},
    )


def kafka(order: Order) -> Recipe:
    """One node in KRaft mode, which makes topics as they are used."""
    port = order.port()

    def find() -> Program:
        program = order.program("kafka-server-start.sh", "kafka-server-start", folders=_KAFKA_FOLDERS)
        storage = order.program("kafka-storage.sh", "kafka-storage", folders=(str(Path(program).parent),))
        return Program({"PROGRAM": program, "STORAGE": storage}, [program, "--version"])

    return Recipe(
        name="kafka",
        script=_KAFKA,
        variables={
            "PORT": str(port),
            "CONTROLLER_PORT": str(order.another_port()),
            "CLUSTER": _KAFKA_CLUSTER,
        },
        exports={
            "host": HOST,
            "port": str(port),
            "url": f"kafka://{HOST}:{port}",
            "bootstrap_servers": f"{HOST}:{port}",
        },
        secrets=[],
        probe=lambda: exchange(port, struct.pack(">i", len(_METADATA)) + _METADATA, _has_broker),
        find=find,
        inside={"PROGRAM": "kafka-server-start.sh", "STORAGE": "kafka-storage.sh"},
    )


def _is_pong(answer: bytes) -> bool:
    return answer.startswith(b"PONG\r\n")


def _has_broker(answer: bytes) -> bool:
    """A length, the number of the request, and how many brokers there are that may hold partitions."""
    return len(answer) >= 12 and struct.unpack(">iii", answer[:12])[2] > 0


def _exports(scheme: str, port: int, password: str) -> dict[str, str]:
    url = f"{scheme}://{_USER}:{password}@{HOST}:{port}"
    return {"host": HOST, "port": str(port), "user": _USER, "password": password, "url": url}
