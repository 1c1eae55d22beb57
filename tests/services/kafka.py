"""A real Apache Kafka: one node in KRaft mode on Java, its jars from Maven Central.

`python -m tests.services.kafka` brings the jars, and archives the classes of a node so that the next ones start sooner.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.services.broker import Broker, shared_address
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.process import ServiceError, free_port
from tests.services.proxy import Proxy
from tests.services.requirement import missing, program

ROOT = Path(__file__).resolve().parents[2]
VERSION = "4.1.0"
JARS = ROOT / ".cache" / "kafka" / VERSION
#: The classes of a node that runs, as Java maps them into memory: a node that has it starts in half the time.
ARCHIVE = JARS.with_name(f"{VERSION}.jsa")
CLUSTER = "cGlrb2NpLXRlc3RzLTAwMQ"
JAVA_OPTIONS = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
JAVA_OPTIONS += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pikoci.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

# One node that answers quickly: no waiting for a group's second member, short sessions allowed, small buffers.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAIN://127.0.0.1:{port},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}
inter.broker.listener.name=PLAIN
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

# Instead of the listener for a proxy, one that asks for a login, by TLS.
SECURITY = """
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:SASL_SSL,CONTROLLER:PLAINTEXT
advertised.listeners=PLAIN://127.0.0.1:{port},PROXIED://127.0.0.1:{secure}
ssl.keystore.type=PEM
ssl.keystore.location={folder}/keystore.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.proxied.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
listener.name.proxied.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


class KafkaServer(Broker):
    """One node without authentication; a second listener is for clients that come through a proxy."""

    service = "kafka"

    def __init__(self, *options: str) -> None:
        """Start the node, with these options to Java. Raises ServiceError when it does not come up."""
        find_jars()
        archive = [f"-XX:SharedArchiveFile={ARCHIVE}"] if ARCHIVE.exists() else []
        self._options: Sequence[str] = options or archive
        super().__init__()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def proxied(self) -> Proxy:
        """See `Broker.proxied`. One at a time: clients go where the node tells them."""
        return Proxy(self._proxied, self._proxy)

    def address_through(self, proxy: Proxy) -> str:
        """See `Broker.address_through`."""
        return f"127.0.0.1:{proxy.port}"

    def _prepare(self) -> None:
        self.port, self._proxied, self._proxy, controller = (free_port() for _ in range(4))
        settings = SETTINGS.format(
            port=self.port,
            proxied=self._proxied,
            proxy=self._proxy,
            controller=controller,
            data=self.folder / "data",
        )
        self._format(settings)

    def _format(self, settings: str, *options: str) -> None:
        (self.folder / "server.properties").write_text(settings)
        command = java(*self._options, "kafka.tools.StorageTool")
        formatted = subprocess.run(
            [*command, "format", "-t", CLUSTER, "-c", "server.properties", *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode != 0:
            raise ServiceError(f"formatting Kafka's storage failed:\n{formatted.stdout}{formatted.stderr}")

    def _command(self) -> list[str]:
        return [*java(*self._options, "kafka.Kafka"), "server.properties"]

    def _is_ready(self) -> bool:
        """The node lists itself among the brokers once it may hold partitions."""
        request = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)  # Metadata, version 1, of no topic
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.settimeout(2)
                client.sendall(struct.pack(">i", len(request)) + request)
                answer = client.recv(12, socket.MSG_WAITALL)
        except OSError:
            return False
        return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0


class SecureKafkaServer(KafkaServer):
    """Clients come by TLS and log in, by PLAIN or SCRAM-SHA-512."""

    login = ("pikoci", "right-one")

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._proxied}"

    @property
    def authority(self) -> Path:
        """What the certificate is checked against."""
        return self.folder / AUTHORITY

    def _format(self, settings: str, *options: str) -> None:
        user, password = self.login
        make_certificates(self.folder)
        chain = [(self.folder / name).read_text() for name in ("server.key", "server.pem", AUTHORITY)]
        (self.folder / "keystore.pem").write_text("".join(chain))
        settings += SECURITY.format(
            port=self.port, secure=self._proxied, folder=self.folder, user=user, password=password
        )
        super()._format(settings, "--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]", *options)


def java(*arguments: str) -> list[str]:
    """The command that runs Java with Kafka's jars."""
    return [program("kafka", "java"), *JAVA_OPTIONS, "-cp", f"{JARS}/*", *arguments]


def find_jars() -> Path:
    """Find Kafka's jars in the cache folder, or bring them there; without Maven Central the test skips or fails."""
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with (JARS.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test process may bring them at this moment
        if not JARS.exists():
            _download(JARS)
    return JARS


def write_archive() -> None:
    """Run a node to see which classes it loads, and archive these. Raises ServiceError."""
    with tempfile.TemporaryDirectory(dir=find_jars().parent) as folder:
        classes, archive = Path(folder) / "classes", Path(folder) / "archive"
        with KafkaServer(f"-XX:DumpLoadedClassList={classes}") as node:
            node.stop()
        options = [f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={archive}", "-Xlog:disable"]
        done = subprocess.run(java("-Xshare:dump", *options), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServiceError(f"archiving Kafka's classes failed:\n{done.stdout}{done.stderr}")
        archive.rename(ARCHIVE)


def _download(target: Path) -> None:
    maven = program("kafka", "mvn")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        (Path(folder) / "pom.xml").write_text(POM)
        jars = Path(folder) / "jars"
        done = subprocess.run(
            [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={jars}", "-DincludeScope=runtime"],
            cwd=folder,
            env={**os.environ, "MAVEN_OPTS": "-XX:+UseSerialGC"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            missing("kafka", f"its jars could not be brought from Maven Central: {done.stdout[-500:]}")
        shutil.move(jars, target)


@pytest.fixture(scope="session")
def kafka_address(run_file: Path) -> str:
    """The address of a Kafka node that tests share; each uses names of its own there."""
    return shared_address(KafkaServer, run_file)


@pytest.fixture
def private_kafka() -> Iterator[KafkaServer]:
    """A whole node for this test alone, to stop and start at will."""
    with KafkaServer() as server:
        yield server


if __name__ == "__main__" and not ARCHIVE.exists():
    write_archive()
