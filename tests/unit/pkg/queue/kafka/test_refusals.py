"""The library says in its log alone why it cannot connect."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from kafka.errors import KafkaConnectionError, KafkaTimeoutError, SaslAuthenticationFailedError

from pikoci.pkg.queue.kafka.refusals import HINTS, LOGIN_HINTS, Refusals
from pikoci.pkg.queue.reasons import explain


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def refusals(time: Time) -> Iterator[Refusals]:
    made = Refusals(time)
    yield made
    made.close()


def library_logs(error: Exception) -> None:
    logging.getLogger("kafka.net.manager").error("Connection failed: %s", error)


def test_the_last_error_is_kept_for_some_seconds(time: Time, refusals: Refusals) -> None:
    assert refusals.recent() is None
    library_logs(KafkaConnectionError("first"))
    library_logs(KafkaConnectionError("second"))
    assert "second" in str(refusals.recent())
    time.now += 11
    assert refusals.recent() is None


def test_an_error_that_names_a_setting_outlasts_others(time: Time, refusals: Refusals) -> None:
    library_logs(SaslAuthenticationFailedError("no"))
    library_logs(KafkaConnectionError("socket disconnected"))
    assert isinstance(refusals.recent(), SaslAuthenticationFailedError)
    time.now += 11
    library_logs(KafkaConnectionError("later"))
    assert "later" in str(refusals.recent())


@pytest.mark.parametrize("error", [KafkaTimeoutError("Unable to bootstrap"), KafkaConnectionError()])
def test_that_the_library_gave_up_hides_no_reason(refusals: Refusals, error: Exception) -> None:
    library_logs(KafkaConnectionError("certificate verify failed"))
    library_logs(error)
    assert "certificate" in str(refusals.recent())


def test_the_library_does_not_speak_in_the_log_of_the_program(
    refusals: Refusals, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    try:
        library_logs(KafkaConnectionError("refused"))
        logging.getLogger("kafka").warning("nothing that is an error: %d", 3)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "refused" not in capsys.readouterr().err
    refusals.close()
    library_logs(KafkaConnectionError("not heard"))
    assert "refused" in str(refusals.recent())


def test_a_broker_that_hangs_up_at_a_login_may_have_refused_any_setting_of_it() -> None:
    told = explain(KafkaConnectionError("socket disconnected"), HINTS | LOGIN_HINTS)
    assert all(name in told for name in ("QUEUE_USER", "QUEUE_PASSWORD", "KAFKA_SASL_MECHANISM"))
