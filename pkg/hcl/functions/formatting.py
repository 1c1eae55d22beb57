"""format and formatlist, with Go's verbs."""

import decimal
import itertools
import re
from collections.abc import Sequence
from decimal import Decimal

from pikoci.pkg.clusters import clusters, width
from pikoci.pkg.hcl.functions.encoding import json_text
from pikoci.pkg.hcl.limits import ELEMENT, MAX_RESULT
from pikoci.pkg.hcl.numeric import CONTEXT, Number
from pikoci.pkg.hcl.values import UnfitValueError, Value, ValueSet, to_bool, to_number, to_string

_VERB = re.compile(r"%(?:%|([0#\-+ ]*)([1-9][0-9]*)?(?:(\.)([0-9]*))?(?:\[([1-9][0-9]*)\])?([A-Za-z])|)")
_MAX_WIDTH = 1024
_BASES = {"b": "b", "o": "o", "d": "d", "x": "x", "X": "X"}


# `format` is the function's name in the language.
def format(spec: Value, *values: Value) -> Value:  # noqa: A001
    """format(spec, values...): fill in a template with Go's verbs (%s %d %f %t %v %q %x ...).

    `format("%s-%03d", "a", 7)` is `"a-007"`.
    """
    return _Formatter(to_string(spec), values).text()


def formatlist(spec: Value, *values: Value) -> Value:
    """formatlist(spec, values...): format once for each element of the lists given; other values are used each time.

    `formatlist("%s!", ["a", "b"])` is `["a!", "b!"]`.
    """
    body = to_string(spec)
    lists = [list(value) for value in values if isinstance(value, list | ValueSet)]
    if len({len(one) for one in lists}) > 1:
        raise UnfitValueError("the lists must have the same length")
    if not lists:
        return [_Formatter(body, values).text()]
    columns = [value if isinstance(value, list | ValueSet) else itertools.repeat(value) for value in values]
    made: list[Value] = []
    left = MAX_RESULT
    for row in zip(*columns, strict=False):
        text = _Formatter(body, row, left).text()
        left -= len(text) + ELEMENT
        made.append(text)
    return made


class _Formatter:
    def __init__(self, spec: str, values: Sequence[Value], left: int = MAX_RESULT) -> None:
        self.spec = spec
        self.values = values
        self.left = left - len(spec)
        self.next = 1
        self.highest = 0

    def text(self) -> str:
        made = _VERB.sub(self._verb, self.spec)
        if self.highest < len(self.values):
            used = f"only {self.highest} are used by" if self.highest else "there are no verbs in"
            raise UnfitValueError(f"too many values: {used} the format string")
        return made

    def _verb(self, found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if not (verb := found[6]):
            raise UnfitValueError(f"invalid verb at offset {found.start()} of the format string; write %% for a %")
        position = int(found[5] or self.next)
        self.next = position + 1
        self.highest = max(self.highest, position)
        if position > len(self.values):
            raise UnfitValueError(f'"{found[0]}" needs value {position}, but there are only {len(self.values)}')
        wide = int(found[2] or 0)
        precision = int(found[4] or 0) if found[3] else None
        if wide > _MAX_WIDTH or (precision or 0) > _MAX_WIDTH:
            raise UnfitValueError(f"width and precision must be at most {_MAX_WIDTH}")
        value = self.values[position - 1]
        if value is None and verb != "v":
            raise UnfitValueError(f'"{found[0]}" can\'t format null')
        try:
            text = _render(verb, found[1] or "", wide, precision, value)
        except UnfitValueError as cause:
            raise UnfitValueError(f'"{found[0]}" does not fit its value: {cause}') from cause
        self.left -= len(text)
        if self.left < 0:
            raise UnfitValueError(f"the result would be longer than {MAX_RESULT:,} characters")
        return text


def _render(verb: str, flags: str, wide: int, precision: int | None, value: Value) -> str:
    if verb == "v":
        return _pad(_plain(value, "#" in flags), flags, wide)
    if verb == "t":
        return "true" if to_bool(value) else "false"
    if verb in "sq":
        text = to_string(value)
        if precision:
            text = "".join(clusters(text)[:precision])
        return _pad(json_text(text) if verb == "q" else text, flags, wide)
    if verb in "bdoxX":
        return _integer(verb, flags, wide, precision, to_number(value))
    if verb in "eEfgG":
        return _sign_and_pad(_decimal(verb, precision, to_number(value)), flags, wide)
    raise UnfitValueError(f'there is no verb "%{verb}"')


def _plain(value: Value, as_json: bool) -> str:
    if as_json or not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        return json_text(value)
    return value if isinstance(value, str) else _shortest(value)


def _pad(text: str, flags: str, wide: int) -> str:
    missing = ("0" if "0" in flags else " ") * (wide - width(text))
    return text + missing if "-" in flags else missing + text


def _integer(verb: str, flags: str, wide: int, precision: int | None, number: Number) -> str:
    if not isinstance(number, int):
        raise UnfitValueError("a whole number is required")
    digits = f"{abs(number):{_BASES[verb]}}".rjust(precision or 0, "0")
    if "#" in flags and verb in "oxXb":
        digits = {"o": "0", "x": "0x", "X": "0X", "b": "0b"}[verb] + digits
    flags = flags.replace("0", "") if precision is not None else flags
    return _sign_and_pad(f"-{digits}" if number < 0 else digits, flags, wide)


def _sign_and_pad(text: str, flags: str, wide: int) -> str:
    if not text.startswith("-"):
        text = ("+" if "+" in flags else " " if " " in flags else "") + text
    if "-" in flags:
        return text.ljust(wide)
    if "0" in flags:
        return text.zfill(wide) if text[:1] != " " else " " + text[1:].zfill(wide - 1)
    return text.rjust(wide)


def _decimal(verb: str, precision: int | None, number: Number) -> str:
    value = Decimal(number)
    if verb == "f":
        return f"{_rounded(value, 6 if precision is None else precision):f}"
    if verb in "eE":
        return _scientific(value, 6 if precision is None else precision, verb)
    if precision is None:
        return _shortest(number).replace("e", "E" if verb == "G" else "e")
    value = value.normalize(decimal.Context(prec=max(1, precision)))
    return _general(value, max(1, precision), "E" if verb == "G" else "e")


def _shortest(number: Number) -> str:
    """Go's %g: an exponent where it is below -4 or above 20, and all digits that matter."""
    value = Decimal(number).normalize(CONTEXT)
    return _general(value, 6, "e")


def _general(value: Decimal, limit: int, mark: str) -> str:
    digits = len(value.as_tuple().digits)
    exponent = value.adjusted() if value else 0
    whole_digits = exponent + 1
    if limit > digits >= whole_digits:
        limit = digits
    if exponent < -4 or exponent >= limit:
        return _scientific(value, digits - 1, mark)
    return f"{value:f}"


def _scientific(value: Decimal, precision: int, mark: str) -> str:
    mantissa, exponent = f"{value if value else Decimal('0E0'):.{precision}e}".split("e")
    exponent = exponent if value else "+0"
    return f"{mantissa}{mark}{exponent[0]}{exponent[1:].rjust(2, '0')}"


def _rounded(value: Decimal, places: int) -> Decimal:
    precise = decimal.Context(prec=decimal.MAX_PREC if value.adjusted() > 100 else 4096)
    return value.quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_EVEN, precise)
