"""Clauses of errors as sentences."""

from __future__ import annotations


def sentence(clause: object) -> str:
    """`clause` with a capital letter in front and a full stop behind; a word in quotes stays as it is."""
    text = str(clause)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
