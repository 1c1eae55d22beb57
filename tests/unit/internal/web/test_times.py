from pikoci.internal.web.times import absolute, machine


def test_times_are_told_in_utc() -> None:
    assert absolute(1_000_000) == "1970-01-12 13:46:40 UTC"
    assert machine(1_000_000.9) == "1970-01-12T13:46:40Z"
