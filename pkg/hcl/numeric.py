"""Numbers: whole ones are `int`, others `Decimal`, with the reach and precision of the reference implementation.

HCL computes with binary floating point of 512 bits, about 154 decimal digits. Here whole numbers are exact up to that
many digits, everything else is decimal arithmetic rounded to it. So 0.1 + 0.2 is 0.3, 1/3 has 154 digits (its last one
may differ from the reference), and a result that is whole is an `int` again. Numbers beyond 10**4000 are refused.
"""

import decimal
import re
from decimal import Decimal

DIGITS = 154
MAX_EXPONENT = 4000
CONTEXT = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-MAX_EXPONENT,
    Emax=MAX_EXPONENT,
    traps=[decimal.Overflow, decimal.DivisionByZero, decimal.InvalidOperation],
)
_EXACT = 10**DIGITS
_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")

Number = int | Decimal


class NumberError(ValueError):
    """A number is out of range, or an operation has no numeric result."""


def normal(value: Number) -> Number:
    """Round to the supported precision, and turn a whole Decimal into an int.

    Raises:
        NumberError: the number is too large.
    """
    if isinstance(value, int):
        if -_EXACT < value < _EXACT:
            return value
        if value.bit_length() > 14_000:
            raise NumberError("the number is too large")
        value = Decimal(value)
    try:
        value = CONTEXT.plus(value)
    except decimal.DecimalException as cause:
        raise NumberError("the number is too large") from cause
    whole = value.to_integral_value()
    return int(whole) if whole == value else value.normalize(CONTEXT)


def number_text(value: Number) -> str:
    """Return a number as HCL writes it into a string: no exponent, no trailing zeros."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse(text: str) -> Number | None:
    """Read a decimal number, with optional sign and exponent; None where it is none.

    Raises:
        NumberError: the number is too large.
    """
    return normal(Decimal(text)) if _TEXT.fullmatch(text) else None
