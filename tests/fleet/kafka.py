"""An archive of Apache Kafka laid out as its distribution is, packed from Maven Central's jars."""

from __future__ import annotations

import fcntl
import hashlib
import tarfile
from pathlib import Path

from tests.fleet.machine import CACHE
from tests.services.kafka import VERSION, find_jars

NAME = f"kafka_2.13-{VERSION}"


def kafka_archive() -> Path:
    """Find the archive, or pack it; without Maven Central the test skips or fails."""
    archive = CACHE / f"{NAME}.tgz"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be packing it
        if not archive.exists():
            partial = archive.with_suffix(".partial")
            with tarfile.open(partial, "w:gz", compresslevel=1) as packed:
                packed.add(find_jars(), arcname=f"{NAME}/libs")
            partial.rename(archive)
    return archive


def checksum(archive: Path) -> str:
    """The archive's SHA-256, as Ansible wants it."""
    with archive.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
