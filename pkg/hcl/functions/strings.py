"""String functions."""

import re

from pikoci.pkg.clusters import clusters, width
from pikoci.pkg.hcl.functions.patterns import replace_pattern
from pikoci.pkg.hcl.limits import MAX_RESULT
from pikoci.pkg.hcl.values import UnfitValueError, Value, to_items, to_string, to_whole

_WORD_START = re.compile(r"(?<!\w)\w")
_SPACE = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def chomp(text: Value) -> Value:
    r"""chomp(string): remove all newlines at the end. `chomp("a\n")` is `"a"`."""
    return to_string(text).rstrip("\r\n")


def endswith(text: Value, suffix: Value) -> Value:
    """endswith(string, suffix): tell whether the string ends so. `endswith("v1.2-rc", "-rc")` is `true`."""
    return to_string(text).endswith(to_string(suffix))


def startswith(text: Value, prefix: Value) -> Value:
    """startswith(string, prefix): tell whether the string starts so. `startswith("v1.2", "v")` is `true`."""
    return to_string(text).startswith(to_string(prefix))


def strcontains(text: Value, part: Value) -> Value:
    """strcontains(string, part): tell whether the part occurs. `strcontains("hello", "ell")` is `true`."""
    return to_string(part) in to_string(text)


def indent(spaces: Value, text: Value) -> Value:
    r"""indent(spaces, string): indent every line but the first. `indent(2, "a\nb")` is `"a\n  b"`."""
    count, body = to_whole(spaces), to_string(text)
    if count < 0:
        raise UnfitValueError("the number of spaces must not be negative")
    _bound(len(body) + body.count("\n") * count)
    return body.replace("\n", "\n" + " " * count)


def join(separator: Value, *lists: Value) -> Value:
    """join(separator, list...): put the elements of lists into one string. `join("-", ["a", "b"])` is `"a-b"`."""
    if not lists:
        raise UnfitValueError("at least one list is required")
    between = to_string(separator)
    items = [to_string(item) for part in lists for item in to_items(part)]
    _bound(sum(map(len, items)) + len(items) * len(between))
    return between.join(items)


def lower(text: Value) -> Value:
    """lower(string): turn all letters into lower case. `lower("HI")` is `"hi"`."""
    return to_string(text).lower()


def upper(text: Value) -> Value:
    """upper(string): turn all letters into upper case. `upper("hi")` is `"HI"`."""
    return to_string(text).upper()


def replace(text: Value, old: Value, new: Value) -> Value:
    """replace(string, old, new): replace every occurrence; old is a pattern when written between slashes.

    `replace("a-b", "-", "+")` is `"a+b"`, `replace("a1", "/[0-9]/", "x")` is `"ax"`.
    """
    body, part, other = to_string(text), to_string(old), to_string(new)
    if len(part) > 1 and part[0] == part[-1] == "/":
        return replace_pattern(part[1:-1], body, other)
    _bound(len(body) + body.count(part) * len(other))
    return body.replace(part, other)


def split(separator: Value, text: Value) -> Value:
    """split(separator, string): cut at every separator. `split(",", "a,b")` is `["a", "b"]`."""
    mark, body = to_string(separator), to_string(text)
    return list(body.split(mark) if mark else clusters(body))


def strlen(text: Value) -> Value:
    """strlen(string): count the characters. `strlen("hé")` is `2`."""
    return width(to_string(text))


def strrev(text: Value) -> Value:
    """strrev(string): reverse the characters. `strrev("abc")` is `"cba"`."""
    return "".join(reversed(clusters(to_string(text))))


def substr(text: Value, offset: Value, length: Value) -> Value:
    """substr(string, offset, length): take a part; a negative offset is from the end, a negative length all the rest.

    `substr("hello", 1, 3)` is `"ell"`.
    """
    characters, first, count = clusters(to_string(text)), to_whole(offset), to_whole(length)
    if first < 0:
        first = max(0, len(characters) + first)
    return "".join(characters[first:] if count < 0 else characters[first : first + count])


def title(text: Value) -> Value:
    """title(string): turn the first letter of each word into upper case. `title("hello you")` is `"Hello You"`."""
    return _WORD_START.sub(lambda found: found[0].title(), to_string(text))


def trim(text: Value, characters: Value) -> Value:
    """trim(string, characters): remove any of the characters from both ends. `trim("?hi!", "?!")` is `"hi"`."""
    return to_string(text).strip(to_string(characters)) if to_string(characters) else to_string(text)


def trimprefix(text: Value, prefix: Value) -> Value:
    """trimprefix(string, prefix): remove the prefix if it is there. `trimprefix("v1", "v")` is `"1"`."""
    return to_string(text).removeprefix(to_string(prefix))


def trimsuffix(text: Value, suffix: Value) -> Value:
    """trimsuffix(string, suffix): remove the suffix if it is there. `trimsuffix("a.go", ".go")` is `"a"`."""
    return to_string(text).removesuffix(to_string(suffix))


def trimspace(text: Value) -> Value:
    r"""trimspace(string): remove white space from both ends. `trimspace(" hi\n")` is `"hi"`."""
    return to_string(text).strip(_SPACE)


def _bound(size: int) -> None:
    if size > MAX_RESULT:
        raise UnfitValueError(f"the result would be longer than {MAX_RESULT:,} characters")
