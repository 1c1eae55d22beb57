"""Messages between a worker and its supervisors."""

import os
import socket

import pytest

from pikoci.internal.worker.process.supervision.messages import (
    MAX_REQUEST_BYTES,
    Ending,
    decode_ending,
    decode_request,
    encode_ending,
    encode_request,
    receive,
)


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (["true"], {}),
        (["a", "", "b\nc", "=", "é"], {"A": "", "B": "x=y=z", "C": "a\nb"}),
        ([os.fsdecode(b"\xff")], {os.fsdecode(b"\xfe"): os.fsdecode(b"\xfd")}),
    ],
)
def test_a_request_comes_back_whole(argv: list[str], env: dict[str, str]) -> None:
    request = decode_request(encode_request(argv, "/some where", env))
    assert request.argv == [os.fsencode(argument) for argument in argv]
    assert request.cwd == b"/some where"
    assert request.env == {os.fsencode(name): os.fsencode(value) for name, value in env.items()}


@pytest.mark.parametrize(
    ("argv", "cwd", "env", "sentence"),
    [
        ([], "/", {}, "the command is empty"),
        ([""], "/", {}, "the command is empty"),
        (["a", "b\0"], "/", {}, "argument 1 contains a NUL byte"),
        (["a"], "/\0", {}, "the working directory's name contains a NUL byte"),
        (["a"], "/", {"GOOD": "1", "BAD": "\0"}, "environment variable 'BAD' contains a NUL byte"),
        (["a"], "/", {"": "1"}, "environment variable '' has a bad name: it is empty or contains ="),
        (["a"], "/", {"B=C": "1"}, "environment variable 'B=C' has a bad name: it is empty or contains ="),
        (
            ["a", "x" * MAX_REQUEST_BYTES],
            "/",
            {},
            "arguments and environment take 4194311 bytes, of which at most 4194304",
        ),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence(argv: list[str], cwd: str, env: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("(", r"\(")):
        encode_request(argv, cwd, env)


def test_a_refusal_shows_no_value() -> None:
    with pytest.raises(ValueError, match="TOKEN") as caught:
        encode_request(["a"], "/", {"TOKEN": "secret\0"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "ending",
    [
        Ending(-1, stopped=True, leftovers=0, survivors=3, usage=(0, 0.0, 0.0)),
        Ending(-1, stopped=True, lapsed=True),
        Ending(256, stopped=False, leftovers=7, survivors=0, usage=(10240, 1.5, 0.25)),
    ],
)
def test_an_ending_comes_back_whole(ending: Ending) -> None:
    assert vars(decode_ending(encode_ending(ending))) == vars(ending)


def test_received_descriptors_are_not_inherited_by_commands() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"here"], [0, 1, 2])
        message, descriptors = receive(theirs)
        assert (message, len(descriptors)) == (b"here", 3)
        for descriptor in descriptors:
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)


def test_the_end_of_the_other_side_is_an_empty_message() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        ours.close()
        assert receive(theirs) == (b"", [])
