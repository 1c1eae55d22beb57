"""Filters that take the certificates out of a PEM file, and say what is wrong with one."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)


def certificates(text: str) -> list[str]:
    """The certificates of a PEM file, each by itself and without what stands around it.

    Raises AnsibleFilterError where `certificate_fault` has something to say.
    """
    if fault := certificate_fault(text):
        raise AnsibleFilterError(fault)
    return [f"{block[0]}\n" for block in _BLOCK.finditer(text.replace("\r\n", "\n"))]


def certificate_fault(text: str) -> str:
    """What is wrong with a PEM file that should hold certificates alone, and the way out; empty if nothing is."""
    kinds = {block[1] for block in _BLOCK.finditer(text)}
    if "PRIVATE KEY-----" in text:
        return "holds a private key, which is for its owner alone; give a file with the certificates alone."
    if not kinds:
        return "holds no certificate in PEM form; convert it, such as by `openssl x509 -inform der -in FILE`."
    if kinds != {"CERTIFICATE"}:
        return f"holds more than certificates ({min(kinds - {'CERTIFICATE'})}); give a file with certificates alone."
    try:
        ssl.create_default_context(cadata="\n".join(block[0] for block in _BLOCK.finditer(text)))
    except ssl.SSLError:
        return "holds a damaged certificate; copy it again."
    return ""


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pikoci_certificate_fault": certificate_fault, "pikoci_certificates": certificates}
