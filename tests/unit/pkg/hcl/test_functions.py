"""Every function: its meaning, its edges, its errors. The tables are written as the language is."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from pikoci.pkg.hcl import FUNCTIONS, EvalContext, LazyFunction, Value, evaluate, parse_expression, standard_functions
from pikoci.pkg.hcl.functions.encoding import json_text


def result(source: str) -> tuple[Value, list[str]]:
    expression, diagnostics = parse_expression(source)
    assert diagnostics == []
    assert expression is not None
    clock = lambda: datetime(2025, 3, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))  # noqa: E731 - one expression
    found, problems = evaluate(expression, EvalContext({}, standard_functions(clock)))
    return found, [problem.detail for problem in problems]


VALUES = r"""
chomp("a\r\n\n")                                  = "a"
chomp("a\n\nb")                                   = "a\n\nb"
endswith("v1-rc", "-rc")                          = true
endswith("v1", "-rc")                             = false
format("%s-%03d", "a", 7)                         = "a-007"
format("%d%%", "12")                              = "12%"
format("%v %v %v %v", 1.5, true, [1, "a"], null)  = "1.5 true [1,\"a\"] null"
format("%v %v", 123456789, 1234567)               = "1.23456789e+08 1.234567e+06"
format("%[2]s %[1]s", "a", "b")                   = "b a"
format("%5s|%-5s|%05d|%+d|% d", "a", "b", -3, 3, 3) = "    a|b    |-0003|+3| 3"
format("%x %X %o %b %#x", 255, 255, 8, 5, 255)    = "ff FF 10 101 0xff"
format("%.2f %8.3f %.0f", 2.345, 3.14159, 2.5)    = "2.34    3.142 2"
format("%e %E %g %.3g", 1234.5, 0.00012, 1e21, 1234.567) = "1.234500e+03 1.200000E-04 1e+21 1.23e+03"
format("%q %t %.2s", "a\"b", "true", "abc")       = "\"a\\\"b\" true ab"
formatlist("%s-%s", ["a", "b"], "x")              = ["a-x", "b-x"]
formatlist("%s", [])                              = []
formatlist("x")                                   = ["x"]
indent(2, "a\nb\n\nc")                            = "a\n  b\n  \n  c"
join("-", ["a", 1], [true])                       = "a-1-true"
join(",", [])                                     = ""
lower("ÄB")                                       = "äb"
replace("a.b.c", ".", "-")                        = "a-b-c"
replace("abc", "", "-")                           = "-a-b-c-"
replace("a1b22", "/[0-9]+/", "<$0>")              = "a<1>b<22>"
replace("a/b", "/", "-")                          = "a-b"
split(",", "a,b,,c")                              = ["a", "b", "", "c"]
split(",", "")                                    = [""]
startswith("v1", "v")                             = true
strcontains("hello", "ell")                       = true
strlen("e\u0301a")                                = 2
strrev("abc")                                     = "cba"
substr("hello", 1, 3)                             = "ell"
substr("hello", -3, 2)                            = "ll"
substr("hello", 1, -1)                            = "ello"
substr("hello", 10, 2)                            = ""
title("hello o'neil foo-bar")                     = "Hello O'Neil Foo-Bar"
trim("?!hi!", "?!")                               = "hi"
trim("hi", "")                                    = "hi"
trimprefix("v1", "v")                             = "1"
trimspace("\t hi \n")                             = "hi"
trimsuffix("a.go", ".go")                         = "a"
upper("é5")                                       = "É5"
upper(5)                                          = "5"
alltrue([true, "true"])                           = true
alltrue([true, null])                             = false
alltrue([])                                       = true
anytrue([false, true])                            = true
anytrue([])                                       = false
chunklist([1, 2, 3], 2)                           = [[1, 2], [3]]
chunklist([1, 2], 0)                              = [[1, 2]]
coalesce(null, "", "b")                           = "b"
coalesce(1, "a")                                  = "1"
coalescelist([], ["b"])                           = ["b"]
compact(["a", "", null, "b"])                     = ["a", "b"]
concat([1], [], ["a"])                            = [1, "a"]
contains(["a"], "a")                              = true
contains([1], "1")                                = false
distinct(["b", "a", "b"])                         = ["b", "a"]
element(["a", "b"], 3)                            = "b"
element(["a", "b"], -1)                           = "b"
flatten([[1], [2, [3, []]], 4])                   = [1, 2, 3, 4]
keys({ b = 1, a = 2 })                            = ["a", "b"]
length([1, 2])                                    = 2
length({ a = 1 })                                 = 1
length("añb")                                     = 3
length(toset(["a", "a"]))                         = 1
lookup({ a = 1 }, "a", 0)                         = 1
lookup({ a = 1 }, "b", 0)                         = 0
merge({ a = 1, b = 1 }, null, { b = 2 })          = { a = 1, b = 2 }
merge()                                           = {}
one([])                                           = null
one(["a"])                                        = "a"
one(toset(["a"]))                                 = "a"
range(3)                                          = [0, 1, 2]
range(1, 7, 3)                                    = [1, 4]
range(3, 1)                                       = [3, 2]
range(0, 1, 0.25)                                 = [0, 0.25, 0.5, 0.75]
range(0)                                          = []
reverse([1, 2])                                   = [2, 1]
slice([1, 2, 3], 1, 2)                            = [2]
slice([1, 2, 3], 3, 3)                            = []
sort(["b", "a", "B", 10, 9])                      = ["10", "9", "B", "a", "b"]
sum([1, "2", 0.5])                                = 3.5
transpose({ a = ["x", "y"], b = ["y"] })          = { x = ["a"], y = ["a", "b"] }
values({ b = 1, a = 2 })                          = [2, 1]
zipmap(["a", "b"], [1, 2])                        = { a = 1, b = 2 }
abs(-1.5)                                         = 1.5
ceil(1.2)                                         = 2
ceil(-1.2)                                        = -1
floor(-1.2)                                       = -2
floor(3)                                          = 3
log(8, 2)                                         = 3
max(1, "3", 2)                                    = 3
min(1.5, 2)                                       = 1.5
parseint("ff", 16)                                = 255
parseint("-Zz", 36)                               = -1295
parseint("zZ", 62)                                = 2231
pow(2, 64)                                        = 18446744073709551616
pow(4, 0.5)                                       = 2
pow(2, -1)                                        = 0.5
signum(-3)                                        = -1
signum(0)                                         = 0
base64decode("aMOpCg==")                          = "hé\n"
base64encode("hé")                                = "aMOp"
csvdecode("a,b\n1,\"x,y\"\n")                     = [{ a = "1", b = "x,y" }]
csvdecode("a,b\n")                                = []
jsondecode("{\"a\":[1.50,1e2,null,true]}")        = { a = [1.5, 100, null, true] }
jsondecode("\"\\ud800\"")                         = "\ufffd"
jsonencode({ b = [1, 1.5, null, true], a = "<é>" }) = "{\"a\":\"\\u003cé\\u003e\",\"b\":[1,1.5,null,true]}"
urlencode("a b/c?é~")                             = "a+b%2Fc%3F%C3%A9~"
formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z") = "02 Jan 2018 23:12 UTC"
formatdate("EEEE H AA, 'o''clock' Z", "2018-01-02T23:12:01-08:00") = "Tuesday 11 PM, o'clock -08:00"
timeadd("2017-11-22T00:00:00Z", "1h10m1s")        = "2017-11-22T01:10:01Z"
timeadd("2017-11-22T00:00:00+02:00", "-90m")      = "2017-11-21T22:30:00+02:00"
timestamp()                                       = "2025-03-01T12:00:00Z"
regex("[0-9]+", "v12.3")                          = "12"
regex("(\\d+)\\.(\\d+)(x)?", "v12.3")             = ["12", "3", null]
regex("(?P<major>\\d+)", "v12")                   = { major = "12" }
regexall("[a-z]", "a1b")                          = ["a", "b"]
regexall("z", "a")                                = []
regexreplace("abc", "(b)", "[$1]")                = "a[b]c"
regexreplace("abc", "(?P<n>b)", "<$${n}$$>")      = "a<b$>c"
regexreplace("abc", "b", "$9")                    = "ac"
setproduct(["a", "b"], [1, 2])                    = [["a", 1], ["a", 2], ["b", 1], ["b", 2]]
setproduct(["a"], [])                             = []
setintersection(["a", "b"], ["b", "c"], ["b"])    = toset(["b"])
setunion(["b"], ["a", "b"])                       = toset(["a", "b"])
setunion([1], ["1"])                              = toset(["1"])
setsubtract(["a", "b"], ["b"])                    = toset(["a"])
setsymmetricdifference(["a", "b"], ["b", "c"])    = toset(["a", "c"])
toset([3, 1, 10, 1])                              = toset([1, 3, 10])
[for x in toset(["b", "a", "b"]) : x]             = ["a", "b"]
[for x in toset([10, 9]) : x]                     = [9, 10]
tobool("true")                                    = true
tobool(null)                                      = null
tolist(toset(["b", "a"]))                         = ["a", "b"]
tolist([1, "a", true])                            = ["1", "a", "true"]
tomap({ a = 1, b = "x" })                         = { a = "1", b = "x" }
tonumber("1.50")                                  = 1.5
tonumber("1e2")                                   = 100
tostring(1.50)                                    = "1.5"
tostring(true)                                    = "true"
try(tonumber("x"), 2)                             = 2
can(tonumber("x"))                                = false
can(1)                                            = true
"""


def cases(table: str) -> list[tuple[str, str]]:
    """Cut each line at the first equals sign with a whole expression before it."""
    found = []
    for line in table.strip().splitlines():
        for cut in range(len(line)):
            left, right = line[:cut], line[cut:]
            if right.startswith(" = ") and not parse_expression(left.strip()).diagnostics:
                found.append((left.strip(), right[3:].strip()))
                break
    return found


def test_every_line_of_the_table_is_a_case() -> None:
    assert len(cases(VALUES)) == len(VALUES.strip().splitlines())


@pytest.mark.parametrize(("source", "expected"), cases(VALUES))
def test_value(source: str, expected: str) -> None:
    found, problems = result(source)
    wanted, _ = result(expected)
    assert problems == []
    assert type(found) is type(wanted)
    assert json_text(found) == json_text(wanted)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ('format("%d", 1.5)', "a whole number is required"),
        ('format("%s")', "there are only 0"),
        ('format("x", 1)', "there are no verbs"),
        ('format("%s", 1, 2)', "only 1 are used"),
        ('format("%z", 1)', 'no verb "%z"'),
        ('format("100%")', "write %% for a %"),
        ('format("%s", null)', "can't format null"),
        ('format("%999999d", 1)', "at most 1024"),
        ('formatlist("%s%s", ["a"], ["b", "c"])', "same length"),
        ('indent(999999999, "a\\nb")', "1,000,000"),
        ('join(",", [null])', "must not be null"),
        ('join(",")', "at least one list"),
        ("upper([])", "a string is required, not a list"),
        ("alltrue([1])", "a bool is required"),
        ("chunklist([1], -1)", "must not be negative"),
        ('coalesce(null, "")', "neither null nor empty"),
        ("coalescelist([], [])", "isn't empty"),
        ("element([], 0)", "empty list"),
        ("length(1)", "not number"),
        ('lookup({}, "a")', 'no attribute "a"'),
        ("merge([])", "a map is required"),
        ("one([1, 2])", "not 2"),
        ("range(1025)", "more than 1024"),
        ("range(1, 5, -1)", "leads from start to limit"),
        ("range(1, 5, 0)", "other than 0"),
        ("slice([1], 0, 2)", "between 0 and 1"),
        ("sum([])", "must not be empty"),
        ('zipmap(["a"], [])', "1 names, but 0 values"),
        ("log(0, 10)", "must be positive"),
        ("log(1, 1)", "base not 1"),
        ("max()", "at least one number"),
        ('parseint("z", 10)', "no whole number in base 10"),
        ('parseint("1", 99)', "between 2 and 62"),
        ("pow(10, 999999)", "too large"),
        ('base64decode("x")', "not base64"),
        ('base64decode("/w==")', "not UTF-8"),
        ('csvdecode("")', "header line"),
        ('csvdecode("a,a\\n1,2")', "occurs twice"),
        ('csvdecode("a,b\\n1")', "row 2 has 1 fields"),
        ('jsondecode("{")', "not JSON"),
        ('jsondecode("NaN")', "NaN is no JSON value"),
        ('formatdate("YYY", "2018-01-02T23:12:01Z")', 'no date verb "YYY"'),
        ('formatdate("\'x", "2018-01-02T23:12:01Z")', "no closing '"),
        ('formatdate("YYYY", "2018-01-02")', "no RFC 3339 timestamp"),
        ('formatdate("YYYY", "2018-13-02T00:00:00Z")', "no point in time"),
        ('timeadd("2018-01-02T23:12:01Z", "1d")', "no duration"),
        ('timeadd("2018-01-02T23:12:01Z", "99999999h")', "outside the years"),
        ('regex("z", "a")', "does not match"),
        ('regex("(", "a")', "pattern is invalid"),
        ('regex("(?=a)", "a")', "pattern is invalid"),
        ('regex("(a)(?P<n>b)", "ab")', "mix named and unnamed"),
        ('setproduct(["a"])', "at least two"),
        ("setproduct(range(1000), range(1000))", "100,000"),
        ("tobool(1)", "a bool is required"),
        ('tobool("True")', 'use lowercase "true"'),
        ("tolist([1, true])", "one type, but there are bool and number"),
        ('tonumber("0x10")', "a number is required"),
        ('tonumber("1e9999999")', "too large"),
        ("tostring([])", "a string is required"),
        ("try()", "at least one expression"),
        ("try(a, b)", 'no variable named "a"'),
        ("can()", "exactly one"),
    ],
)
def test_error(source: str, part: str) -> None:
    found, problems = result(source)
    assert found is None
    assert len(problems) == 1
    assert part.lower() in problems[0].lower()


def test_deeply_nested_json_is_refused() -> None:
    source = 'jsondecode(join("", [join("", [for i in range(1000) : "["]), join("", [for i in range(1000) : "]"])]))'
    assert "nested too deeply" in result(source)[1][0]


def test_a_pattern_that_would_take_for_ever_elsewhere_does_not() -> None:
    source = 'can(regex("^(a+)+$", join("", [for i in range(1000) : "aaaaaaaaaa!"])))'
    assert result(source) == (False, [])


def test_numbers_stay_exact_where_they_can() -> None:
    third, _ = result("1 / 3")
    assert isinstance(third, Decimal)
    assert len(third.as_tuple().digits) == 154
    assert result("1 / 3 * 3 == 1")[0] is False
    assert result("sum([0.1, 0.2])")[0] == Decimal("0.3")
    assert isinstance(result("sum([0.5, 0.5])")[0], int)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_has_a_signature_and_an_example(name: str) -> None:
    function = FUNCTIONS[name]
    text = function.doc if isinstance(function, LazyFunction) else (function.__doc__ or "")
    assert text.startswith(f"{name}(")
    assert "`" in text


def test_timestamp_reads_the_clock_given() -> None:
    functions = standard_functions(lambda: datetime(2020, 1, 1, tzinfo=UTC))
    expression = parse_expression("timestamp()").expression
    assert expression is not None
    assert evaluate(expression, EvalContext({}, functions)).value == "2020-01-01T00:00:00Z"
