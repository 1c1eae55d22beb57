"""Reading who descends from whom."""

import os

from pikoci.internal.worker.process.supervision.family import below, parent_and_group, pids


def test_knows_this_process() -> None:
    assert os.getpid() in pids()
    assert parent_and_group(os.getpid()) == (os.getppid(), os.getpgrp())


def test_a_process_that_is_gone_has_no_parent() -> None:
    assert parent_and_group(2**22 + 1) is None


def test_collects_descendants_but_not_those_of_spared_children() -> None:
    children = {1: [2, 3], 2: [4], 3: [5], 5: [6], 9: [10]}
    assert below(children, 1) == {2, 3, 4, 5, 6}
    assert below(children, 1, spare={3}) == {2, 4}
    assert below(children, 4) == set()
