"""The roles of brokers and database, from bare hosts to bare hosts; each test goes on from what was left before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueError
from tests.fleet.components import HOSTS, Components, publish, receive
from tests.fleet.fleet import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SYSTEMS = ["nats", "rabbit", "kafka"]
UNITS = {
    "pikoci_nats": "nats-server",
    "pikoci_rabbitmq": "rabbitmq-server",
    "pikoci_kafka": "kafka",
    "pikoci_postgresql": "postgresql@15-main",
}
DATA = ["/var/lib/nats", "/var/lib/rabbitmq", "/var/lib/kafka", "/var/lib/postgresql/15"]
REST = ["/etc/nats", "/etc/rabbitmq", "/etc/kafka", "/opt/kafka", "/etc/systemd/system/*.d/pikoci.conf"]
REST += ["/etc/systemd/system/kafka.service", "/etc/postgresql/15/main/conf.d/pikoci.conf"]


@pytest.fixture(scope="module")
def bare(able: None) -> Iterator[Components]:
    with Fleet() as fleet:
        yield Components(fleet)


@pytest.fixture(scope="module")
def components(bare: Components) -> Components:
    """All roles played once."""
    output = bare.play("-vvv", "--diff").output
    assert not [password for password in bare.passwords if password in output]
    return bare


def test_a_check_of_bare_hosts_changes_nothing(bare: Components) -> None:
    checked = bare.play("--check", "--diff")

    assert set(checked.changed()) == set(HOSTS.values())
    for role in HOSTS:
        assert bare.host(role).run(f"ls -d {' '.join(REST)} 2>/dev/null || true") == "", role
        assert not bare.host(role).succeeds(f"systemctl cat {UNITS[role]}")


def test_the_second_run_changes_nothing(components: Components) -> None:
    assert components.play().changed() == {}


def test_a_check_shows_what_a_variable_would_change(components: Components) -> None:
    settings = {"max_connections": 150}
    checked = components.play(
        "--check",
        "--diff",
        pikoci_nats_store_limit="2GB",
        pikoci_rabbitmq_memory_fraction=0.3,
        pikoci_kafka_heap="384m",
        pikoci_postgresql_settings=settings,
    )

    for line in ("max_file_store: 2GB", "vm_memory_high_watermark.relative = 0.3", "max_connections = '150'"):
        assert f"+{line}" in checked.output.replace("+  ", "+")
    assert "-Xmx384m" in checked.output
    assert components.play("--check").changed() == {}


@pytest.mark.parametrize("system", SYSTEMS)
def test_messages_go_through_the_broker(components: Components, system: str) -> None:
    with closing(components.queue(system)) as queue:
        receive(queue, publish(queue))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_broker_refuses_a_wrong_password(components: Components, system: str) -> None:
    with (
        closing(components.queue(system, password="wrong", publish_timeout=2.0)) as queue,
        pytest.raises(QueueError),
    ):
        queue.publish("jobs", b"never")


def test_rabbitmq_allows_the_user_no_other_queues(components: Components) -> None:
    with (
        closing(components.queue("rabbit", prefix="others")) as queue,
        pytest.raises(QueueConfigurationError, match="refuses"),
    ):
        queue.publish("jobs", b"never")
    assert "guest" not in components.host("pikoci_rabbitmq").run("rabbitmqctl -q list_users")


def test_the_database_takes_the_named_clients_by_tls(components: Components) -> None:
    with closing(_connect(components)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE made (number integer)")
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), ssl FROM pg_database, pg_stat_ssl WHERE datname = 'pikoci'"
        )
        assert cursor.fetchone() == ("UTF8", True)
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        _connect(components, password="wrong")
    with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba\.conf entry"):
        _connect(components, sslmode="disable")
    with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba\.conf entry"):
        _connect(components, dbname="postgres")


def test_nothing_but_the_clients_ports_is_open_to_others(components: Components) -> None:
    ports = {"pikoci_nats": "4222", "pikoci_rabbitmq": "5672", "pikoci_kafka": "9092", "pikoci_postgresql": "5432"}
    for role, port in ports.items():
        listening = components.host(role).run("ss -Hltn").splitlines()
        sockets = {line.split()[3].rpartition(":")[::2] for line in listening}
        open_ports = {port for address, port in sockets if address not in {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"}}
        assert open_ports == {"22", port}, role


def test_no_password_can_be_seen_on_the_hosts(components: Components) -> None:
    patterns = "\n".join(components.passwords) + "\n"
    for role in HOSTS:
        host = components.host(role)
        assert host.exposed(components.passwords) == [], role
        assert host.run("grep -rlsF --file=- /var/log || true", text=patterns) == "", role


def test_another_password_replaces_the_old_one(components: Components) -> None:
    old = components.variables["pikoci_queue_password"]
    components.variables |= {"pikoci_queue_password": "another-one", "pikoci_db_password": 'an"other \\one'}

    assert set(components.play().changed()) == set(HOSTS.values())
    assert components.play().changed() == {}

    for system in SYSTEMS:
        with closing(components.queue(system)) as queue:
            receive(queue, publish(queue))
        with closing(components.queue(system, password=old, publish_timeout=2.0)) as queue, pytest.raises(QueueError):
            queue.publish("jobs", b"never")
    _connect(components).close()


def test_everything_survives_a_reboot(components: Components) -> None:
    bodies = {}
    for system in SYSTEMS:
        with closing(components.queue(system)) as queue:
            bodies[system] = publish(queue)
    with closing(_connect(components)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (number integer)")

    for role in HOSTS:
        components.host(role).reboot()

    for system in SYSTEMS:
        with closing(components.queue(system)) as queue:
            receive(queue, bodies[system])
    with closing(_connect(components)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'kept'")
        assert cursor.fetchone() == (1,)
    assert components.play().changed() == {}


def test_the_brokers_speak_tls(components: Components, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = components.use_tls()
    components.play()
    assert components.play().changed() == {}

    for system in SYSTEMS:
        with closing(components.queue(system, tls_ca=authority)) as queue:
            receive(queue, publish(queue))
        with monkeypatch.context() as machine:
            machine.setenv("SSL_CERT_FILE", str(authority))  # as if this machine trusted it
            with closing(components.queue(system)) as queue:
                receive(queue, publish(queue))
        for tls in (True, False):
            with closing(components.queue(system, tls=tls, publish_timeout=2.0)) as queue, pytest.raises(QueueError):
                queue.publish("jobs", b"never")


def test_bad_variables_are_refused_in_a_sentence(components: Components) -> None:
    refused = components.attempt(
        pikoci_queue_password="",
        pikoci_postgresql_clients=[],
    )

    assert set(refused.recap) == set(HOSTS.values())
    assert all(figures["failed"] == 1 and figures["changed"] == 0 for figures in refused.recap.values())
    for broker in ("nats", "rabbitmq", "kafka"):
        assert f"pikoci_{broker}_password is empty" in refused.output
    assert "pikoci_postgresql_clients is empty" in refused.output

    mistyped = {f"{role}_port": "many" for role in HOSTS}
    refused = components.attempt("-vvv", **mistyped)
    assert refused.output.count("unable to convert to int") >= len(HOSTS)
    assert not [password for password in components.passwords if password in refused.output]


def test_uninstalling_keeps_data_unless_told_to_remove_it(components: Components) -> None:
    components.uninstall()

    for role, data in zip(HOSTS, DATA, strict=True):
        host = components.host(role)
        assert host.run(f"ls -A {data}") != "", role
        assert host.run(f"ls -d {' '.join(REST)} 2>/dev/null || true") == "", role
        assert not host.succeeds(f"systemctl is-active {UNITS[role]}"), role

    removing = {f"{role}_remove_data": True for role in HOSTS}
    components.uninstall(**removing)

    for role, data in zip(HOSTS, DATA, strict=True):
        host = components.host(role)
        assert host.run(f"ls -d {data} /etc/postgresql/15 2>/dev/null || true") == "", role
        assert not host.succeeds(f"systemctl is-active {UNITS[role]}"), role
        assert host.run("find /etc/systemd -xtype l") == "", role
    assert components.uninstall(**removing).changed() == {}


def _connect(components: Components, **changes: str) -> psycopg2.extensions.connection:
    login = {"user": "pikoci", "password": components.variables["pikoci_db_password"], "dbname": "pikoci"}
    host = components.host("pikoci_postgresql").address
    connection: psycopg2.extensions.connection = psycopg2.connect(host=host, **{**login, **changes})
    connection.autocommit = True
    return connection
