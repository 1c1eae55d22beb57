"""What inputs of jobs take, and what commands see of them."""

from typing import Any

import pytest

from pikoci.internal.domain.errors import InvalidInputsError
from pikoci.internal.domain.job_inputs import MAX_INPUT_BYTES, JobInput, environment, settle

STRING = JobInput(name="text")
NUMBER = JobInput(name="count", type="number", default=3)
BOOL = JobInput(name="dry-run", type="bool")
LIST = JobInput(name="hosts", type="list", choices=["a", "b"])
PLACE = JobInput(name="place", choices=["staging", "production"], required=True)


def settled(wanted: JobInput, value: object) -> object:
    return settle("j", [wanted], {wanted.name: value})[wanted.name]


def refused(inputs: list[JobInput], **given: Any) -> str:
    with pytest.raises(InvalidInputsError) as error:
        settle("j", inputs, given)
    assert error.value.faults
    return error.value.message


@pytest.mark.parametrize(
    ("wanted", "given", "value"),
    [
        (STRING, "", ""),
        (STRING, "a\nb é", "a\nb é"),
        (STRING, 5, "5"),
        (STRING, True, "true"),
        (NUMBER, 7, 7),
        (NUMBER, "7", 7),
        (NUMBER, " -2.50 ", -2.5),
        (NUMBER, 4.0, 4),
        (NUMBER, "1e3", 1000),
        (BOOL, True, True),
        (BOOL, "false", False),
        (LIST, ["b", "a", "b"], ["b", "a", "b"]),
        (LIST, '["a"]', ["a"]),
        (LIST, [], []),
        (PLACE, "staging", "staging"),
    ],
)
def test_values_are_converted_to_the_type(wanted: JobInput, given: object, value: object) -> None:
    found = settled(wanted, given)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("wanted", "given", "fault"),
    [
        (STRING, ["a"], "must be text"),
        (STRING, {"a": 1}, "must be text"),
        (STRING, None, "must be text"),
        (STRING, "a\0b", "has a NUL character, which no environment variable can hold"),
        (STRING, "a\ud800", "is not valid text"),
        (NUMBER, "seven", "must be a number"),
        (NUMBER, "", "must be a number"),
        (NUMBER, "0x10", "must be a number"),
        (NUMBER, "٣", "must be a number"),
        (NUMBER, True, "must be a number"),
        (NUMBER, float("inf"), "must be a number of less than 16 digits"),
        (NUMBER, float("nan"), "must be a number of less than 16 digits"),
        (NUMBER, 10**400, "must be a number of less than 16 digits"),
        (NUMBER, "1e300", "must be a number of less than 16 digits"),
        (NUMBER, "9" * 5000, "must be a number"),
        (BOOL, "yes", "must be true or false"),
        (BOOL, 1, "must be true or false"),
        (BOOL, [], "must be true or false"),
        (LIST, "a,b", 'must be a list, written as JSON such as ["a", "b"]'),
        (LIST, "[" * 100_000, 'must be a list, written as JSON such as ["a", "b"]'),
        (LIST, {"a": 1}, 'must be a list, written as JSON such as ["a", "b"]'),
        (LIST, [["a"]], "must be text"),
        (LIST, ["a", "c"], 'must be one of "a", "b", and "c" is not'),
        (PLACE, "prod", 'must be one of "staging", "production", and "prod" is not'),
        (JobInput(name="name", required=True), "", "must not be empty"),
        (JobInput(name="names", type="list", required=True), [], "must not be empty"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_input_and_the_job(wanted: JobInput, given: object, fault: str) -> None:
    assert refused([wanted], **{wanted.name: given}) == f'job j: input "{wanted.name}" {fault}'


def test_everything_that_is_wrong_is_said_at_once() -> None:
    message = refused([NUMBER, PLACE], count="x", other="y")
    assert message == (
        'job j: input "count" must be a number; input "other" does not exist; input "place" must be given'
    )


@pytest.mark.parametrize(
    ("inputs", "hint"),
    [([], "it has no inputs"), ([NUMBER, PLACE], 'did you mean "place"?'), ([NUMBER], "its inputs: count")],
)
def test_an_unknown_name_is_answered_with_those_that_there_are(inputs: list[JobInput], hint: str) -> None:
    with pytest.raises(InvalidInputsError) as error:
        settle("j", inputs, {"plaice": "staging"})
    assert error.value.hint == hint


def test_a_long_value_is_no_part_of_the_message() -> None:
    assert len(refused([PLACE], place="x" * 10_000)) < 200
    assert len(refused([], **{"n" * 10_000: 1})) < 200


def test_the_inputs_of_a_build_are_bounded_together() -> None:
    half = "x" * (MAX_INPUT_BYTES // 2)
    other = JobInput(name="more")
    assert settle("j", [STRING, other], {"text": half})
    assert "makes the inputs longer than 65,536 bytes" in refused([STRING, other], text=half, more=half)


def test_defaults_stand_where_nothing_was_given_and_what_has_none_is_empty() -> None:
    values = settle("j", [STRING, NUMBER, BOOL, LIST], {"hosts": ["a"]})
    assert values == {"count": 3, "hosts": ["a"]}
    assert environment([STRING, NUMBER, BOOL, LIST], values) == {
        "INPUT_TEXT": "",
        "INPUT_COUNT": "3",
        "INPUT_DRY_RUN": "",
        "INPUT_HOSTS": '["a"]',
    }


def test_what_was_recorded_stays_when_the_job_changes() -> None:
    changed = [JobInput(name="count", default="many"), JobInput(name="fresh", default=True, type="bool")]
    seen = environment(changed, {"count": 2.5, "gone": "é"})
    assert seen == {"INPUT_COUNT": "2.5", "INPUT_GONE": "é", "INPUT_FRESH": "true"}
