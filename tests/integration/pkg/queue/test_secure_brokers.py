"""Brokers that ask for a login by TLS: who may gets in, who may not is told which setting to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import Any

import gevent
import pytest
from structlog.testing import capture_logs

from pikoci.pkg.queue import QueueError, QueueSettings, QueueUnavailableError, open_backend
from tests.contract.pkg.queue.site import collect
from tests.services.kafka import SecureKafkaServer
from tests.services.nats import SecureNatsServer
from tests.services.nats_accounts import AccountsNatsServer
from tests.services.rabbitmq import SecureRabbitmqServer

Secure = SecureNatsServer | SecureRabbitmqServer | SecureKafkaServer
SERVERS: dict[str, type[Secure]] = {
    "nats": SecureNatsServer,
    "rabbit": SecureRabbitmqServer,
    "kafka": SecureKafkaServer,
}
ADDRESSES = {"nats": "nats_url", "rabbit": "rabbit_url", "kafka": "kafka_brokers"}
WRONG = "not-this-one"

#: What is said of a wrong password, and of a certificate of a stranger.
SAID = {
    "nats": ("QUEUE_USER and QUEUE_PASSWORD", "QUEUE_TLS_CA"),
    "rabbit": ("QUEUE_USER and QUEUE_PASSWORD", "QUEUE_TLS_CA"),
    "kafka": ("QUEUE_USER and QUEUE_PASSWORD", "QUEUE_TLS_CA"),
}

Secured = tuple[str, QueueSettings]


@pytest.fixture(scope="module")
def open_for() -> Iterator[Callable[[str], QueueSettings]]:
    """Starts a system's broker, once; gives the settings that let one in."""
    with ExitStack() as stack:

        @cache
        def start(system: str) -> QueueSettings:
            server: Secure = SERVERS[system]()
            stack.enter_context(server)
            user, password = server.login
            given: dict[str, Any] = {ADDRESSES[system]: server.address, "tls_ca": server.authority}
            return QueueSettings(prefix="test", user=user, password=password, publish_timeout=3.0, **given)

        yield start


@pytest.fixture(params=SERVERS)
def secured(request: pytest.FixtureRequest, open_for: Callable[[str], QueueSettings]) -> Secured:
    """The system, and the settings that open its broker."""
    return request.param, open_for(request.param)


def goes_through(system: str, settings: QueueSettings) -> None:
    backend = open_backend(system, settings)
    try:
        backend.publish("jobs", b"1")
        with backend.subscribe(["jobs"]) as subscription:
            collect(subscription, {b"1"})
        backend.check_health()
    finally:
        backend.close()


def refusals(system: str, settings: QueueSettings) -> list[str]:
    """What a publish, a receive and a look at the health say; the secret is in none of it, nor in the log."""
    backend = open_backend(system, settings)
    said = []
    with capture_logs() as logs:
        subscription = backend.subscribe(["jobs"])
        calls = (lambda: backend.publish("jobs", b"1"), lambda: subscription.receive(8.0), backend.check_health)
        for asked in [gevent.spawn(call) for call in calls]:
            with pytest.raises(QueueUnavailableError) as caught:
                asked.get(timeout=30)
            said.append(str(caught.value))
        backend.close()
    assert WRONG not in f"{said}{logs}{settings}"
    assert not [each for each in logs if each.get("exc_info")]
    assert not [text for text in said if "\n" in text]
    return said


def test_the_right_login_gets_in(secured: Secured) -> None:
    goes_through(*secured)


def test_a_wrong_password_names_the_settings_and_not_the_password(secured: Secured) -> None:
    system, settings = secured
    for text in refusals(system, replace(settings, password=WRONG)):
        assert SAID[system][0] in text


def test_a_certificate_of_a_stranger_names_the_setting(secured: Secured) -> None:
    system, settings = secured
    for text in refusals(system, replace(settings, tls=True, tls_ca=None)):
        assert SAID[system][1] in text


def test_what_the_machine_trusts_needs_no_setting(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    system, settings = secured
    monkeypatch.setenv("SSL_CERT_FILE", str(settings.tls_ca))
    goes_through(system, replace(settings, tls=True, tls_ca=None))


def test_a_login_without_encryption_is_refused_in_time(secured: Secured) -> None:
    system, settings = secured
    plain = {name: getattr(settings, name).replace("amqps:", "amqp:") for name in ADDRESSES.values()}
    backend = open_backend(system, replace(settings, tls_ca=None, **plain))
    with pytest.raises(QueueError):
        backend.publish("jobs", b"1")
    backend.close()


def test_kafka_takes_the_mechanisms_that_it_has(open_for: Callable[[str], QueueSettings]) -> None:
    settings = open_for("kafka")
    goes_through("kafka", replace(settings, kafka_sasl_mechanism="PLAIN"))
    for text in refusals("kafka", replace(settings, kafka_sasl_mechanism="scram-sha-256")):
        assert "KAFKA_SASL_MECHANISM" in text


def test_rabbitmq_names_the_setting_of_a_virtual_host_that_is_not_there(
    open_for: Callable[[str], QueueSettings],
) -> None:
    settings = open_for("rabbit")
    for text in refusals("rabbit", replace(settings, rabbit_url=f"{settings.rabbit_url}other")):
        assert "RABBIT_SERVER_URL" in text


def test_nats_takes_the_credentials_of_its_accounts_and_no_others() -> None:
    with AccountsNatsServer() as server:
        settings = QueueSettings(prefix="test", nats_url=server.address, publish_timeout=3.0)
        goes_through("nats", replace(settings, nats_credentials=server.credentials))
        stranger = server.write_stranger()
        seed = stranger.read_text().splitlines()[5]
        for text in refusals("nats", replace(settings, nats_credentials=stranger)):
            assert "Authorization" in text
            assert seed not in text
        refusals("nats", settings)
