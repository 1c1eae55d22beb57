"""`$NAME` in a message."""

import pytest

from pikoci.internal.worker.notifications.filling import fill

SEEN = {"BUILD_ID": "7", "TASK_A_B": "$BUILD_ID", "GET_X": "<x>", "SECRET": "s", "PATH": "/bin"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("build $BUILD_ID.", "build 7."),
        ("build ${BUILD_ID}0", "build 70"),
        ("$TASK_A_B", "$BUILD_ID"),
        ("'$PUT_NONE' '${INPUT_NONE}'", "'' ''"),
        ("$SECRET $PATH ${PATH} $build_id", "$SECRET $PATH ${PATH} $build_id"),
        ("$5, $$, $ and ${ and ${} and ${BUILD_ID", "$5, $$, $ and ${ and ${} and ${BUILD_ID"),
        ("$$BUILD_ID", "$7"),
        ("", ""),
    ],
)
def test_names_of_the_build_are_filled_in_and_all_else_stays(text: str, wanted: str) -> None:
    assert fill(text, SEEN) == wanted


def test_only_what_is_filled_in_is_escaped() -> None:
    assert fill("<$GET_X>", SEEN, lambda value: value.strip("<>")) == "<x>"
