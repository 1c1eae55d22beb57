"""Certificates of an authority of the tests' own."""

import subprocess
from pathlib import Path

from tests.services.requirement import program

AUTHORITY = "ca.pem"


def make_certificates(folder: Path, address: str = "127.0.0.1") -> None:
    """Write `ca.pem`, and for a server and a client `NAME.pem` and `NAME.key`; they are for an address and two days."""
    openssl = program("openssl", "openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    run(*new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", AUTHORITY)
    for name in ("server", "client"):
        signed = ("-CA", AUTHORITY, "-CAkey", "ca.key", "-addext", f"subjectAltName=IP:{address}")
        usage = ("-addext", "basicConstraints=critical,CA:FALSE")
        run(*new, *signed, *usage, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
