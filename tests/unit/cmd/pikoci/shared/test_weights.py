"""Weights by name, in a flag and in a config file."""

import click
import pytest

from pikoci.shared.options import Weights

KIND = Weights(100)


@pytest.mark.parametrize("given", ["a=3, b-2 = 100,", {"a": 3, "b-2": 100}, ",b-2=100,a=3"])
def test_weights_are_read(given: object) -> None:
    assert KIND.convert(given, None, None) == {"a": 3, "b-2": 100}
    assert KIND.convert("", None, None) == {}


@pytest.mark.parametrize("wrong", ["a", "a=", "=3", "a=0", "a=-1", "a=1.5", "a=101", "a=1e9", "a b=1", 5])
def test_a_wrong_weight_is_named(wrong: object) -> None:
    with pytest.raises(click.BadParameter, match="is not NAME=WEIGHT with a whole number from 1 to 100") as caught:
        KIND.convert(f"ok=1,{wrong}", None, None)
    assert repr(str(wrong)) in caught.value.message


def test_a_name_has_one_weight() -> None:
    with pytest.raises(click.BadParameter, match="'a' has two weights"):
        KIND.convert("a=1,a=1", None, None)
