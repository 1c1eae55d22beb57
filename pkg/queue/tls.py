"""Encrypted connections to brokers, from the settings that all of them share."""

from __future__ import annotations

import ssl

from pikoci.pkg.queue.backend import QueueConfigurationError
from pikoci.pkg.queue.opening import QueueSettings


def wants_tls(settings: QueueSettings) -> bool:
    """Whether a setting asks for TLS, whatever the address says."""
    return bool(settings.tls or settings.tls_ca or settings.tls_certificate)


def tls_context(settings: QueueSettings) -> ssl.SSLContext:
    """Make the context for a client. Raises QueueConfigurationError, which names the setting whose file is wrong."""
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
    except OSError as error:
        raise QueueConfigurationError(f"QUEUE_TLS_CA: cannot read {settings.tls_ca}: {error}") from error
    if settings.tls_certificate:
        try:
            context.load_cert_chain(settings.tls_certificate, settings.tls_key)
        except OSError as error:
            files = " or ".join(str(file) for file in (settings.tls_certificate, settings.tls_key) if file)
            raise QueueConfigurationError(
                f"QUEUE_TLS_CERTIFICATE, QUEUE_TLS_KEY: cannot read {files}: {error}"
            ) from error
    return context
