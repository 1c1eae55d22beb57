"""Files for TLS that can't be read are named, with their setting."""

from pathlib import Path

import pytest

from pikoci.pkg.queue import QueueConfigurationError, QueueSettings
from pikoci.pkg.queue.tls import tls_context, wants_tls


def test_any_of_the_settings_asks_for_tls() -> None:
    assert not wants_tls(QueueSettings())
    for settings in (
        QueueSettings(tls=True),
        QueueSettings(tls_ca=Path("a")),
        QueueSettings(tls_certificate=Path("b")),
    ):
        assert wants_tls(settings)


def test_an_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueueConfigurationError, match=r"QUEUE_TLS_CA: cannot read .*gone"):
        tls_context(QueueSettings(tls_ca=tmp_path / "gone"))


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("none")
    with pytest.raises(QueueConfigurationError, match=r"QUEUE_TLS_CERTIFICATE.* cannot read .*none\.pem or .*gone"):
        tls_context(QueueSettings(tls_certificate=tmp_path / "none.pem", tls_key=tmp_path / "gone"))
