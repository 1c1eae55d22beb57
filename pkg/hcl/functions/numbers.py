"""Number functions."""

import decimal
import math
from decimal import Decimal

from pikoci.pkg.hcl.numeric import CONTEXT, Number, NumberError, normal
from pikoci.pkg.hcl.values import UnfitValueError, Value, to_number, to_string, to_whole

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAX_DIGITS = 1000
_MAX_BITS = 10_000


# `abs`, `max`, `min` and `pow` are names of the language; the underscore keeps Python's in reach.
def abs_(number: Value) -> Value:
    """abs(number): drop the sign. `abs(-2)` is `2`."""
    value = to_number(number)
    return -value if value < 0 else value


def ceil(number: Value) -> Value:
    """ceil(number): round up to a whole number. `ceil(1.2)` is `2`."""
    return math.ceil(to_number(number))


def floor(number: Value) -> Value:
    """floor(number): round down to a whole number. `floor(1.8)` is `1`."""
    return math.floor(to_number(number))


def log(number: Value, base: Value) -> Value:
    """log(number, base): return the logarithm. `log(8, 2)` is `3`."""
    try:
        return _from_float(math.log(to_number(number)) / math.log(to_number(base)))
    except (ValueError, ZeroDivisionError, OverflowError) as cause:
        if isinstance(cause, UnfitValueError):
            raise
        raise UnfitValueError("the numbers must be positive, and the base not 1") from cause


def max_(*numbers: Value) -> Value:
    """max(numbers...): return the greatest. `max(1, 3, 2)` is `3`."""
    if not numbers:
        raise UnfitValueError("at least one number is required")
    return max(map(to_number, numbers))


def min_(*numbers: Value) -> Value:
    """min(numbers...): return the smallest. `min(1, 3, 2)` is `1`."""
    if not numbers:
        raise UnfitValueError("at least one number is required")
    return min(map(to_number, numbers))


def parseint(text: Value, base: Value) -> Value:
    """parseint(string, base): read a whole number in base 2 to 62. `parseint("ff", 16)` is `255`."""
    digits, radix = to_string(text), to_whole(base)
    if not 2 <= radix <= 62:
        raise UnfitValueError("the base must be between 2 and 62")
    body = digits[1:] if digits[:1] in ("-", "+") else digits
    known = _DIGITS[:radix]
    if radix <= 36:
        body = body.lower()
    if not body or len(body) > _MAX_DIGITS or any(digit not in known for digit in body):
        raise UnfitValueError(f'"{digits[:40]}" is no whole number in base {radix}')
    number = 0
    for digit in body:
        number = number * radix + known.index(digit)
    return _bounded(-number if digits.startswith("-") else number)


def pow_(number: Value, power: Value) -> Value:
    """pow(number, power): raise to a power. `pow(2, 10)` is `1024`."""
    base, exponent = to_number(number), to_number(power)
    if isinstance(base, int) and isinstance(exponent, int) and 0 <= exponent * base.bit_length() <= _MAX_BITS:
        return _bounded(base**exponent)
    try:
        result = math.pow(base, exponent)
    except (ValueError, OverflowError) as cause:
        raise UnfitValueError("the result is no number, or too large") from cause
    return _from_float(result)


def signum(number: Value) -> Value:
    """signum(number): return -1, 0 or 1. `signum(-5)` is `-1`."""
    value = to_number(number)
    return (value > 0) - (value < 0)


def add(left: Number, right: Number) -> Number:
    """Add two numbers.

    Raises:
        UnfitValueError: the sum is too large.
    """
    if isinstance(left, int) and isinstance(right, int):
        return _bounded(left + right)
    try:
        return _bounded(CONTEXT.add(Decimal(left), Decimal(right)))
    except decimal.DecimalException as cause:
        raise UnfitValueError("the number is too large") from cause


def _bounded(number: Number) -> Number:
    try:
        return normal(number)
    except NumberError as cause:
        raise UnfitValueError(str(cause)) from cause


def _from_float(number: float) -> Number:
    if not math.isfinite(number):
        raise UnfitValueError("the result is no number, or too large")
    return normal(Decimal(repr(number)))
