"""A consumer's account of what it has read ahead, and of what is in whose hands."""

from pikoci.pkg.queue.kafka.ledger import BUFFER, Ledger
from pikoci.pkg.queue.kafka.message import Envelope, Message
from pikoci.pkg.queue.kafka.progress import Progress


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ledger_with(time: Time, **offsets: int) -> Ledger:
    """A ledger with so many messages in the partitions p0, p1 and so on."""
    ledger = Ledger(time, time)
    for name, count in offsets.items():
        partition = int(name[1:])
        ledger.begin(partition, Progress(0))
        for offset in range(count):
            ledger.accept(partition, offset, Envelope(b"%d/%d" % (partition, offset)))
    return ledger


def take(ledger: Ledger) -> Message:
    message = ledger.take()
    assert message is not None
    return message


def test_a_held_message_is_counted_until_it_is_done() -> None:
    ledger = ledger_with(Time(), p0=2)
    message = take(ledger)
    assert ledger.state([0]) == {0: (0, "held=1")}
    ledger.finish(message)
    assert ledger.state([0]) == {0: (1, "held=0")}
    assert ledger.changed == {0}


def test_a_message_that_is_put_back_goes_out_again() -> None:
    ledger = ledger_with(Time(), p0=1)
    message = take(ledger)
    ledger.put_back(message)
    assert take(ledger) is message


def test_what_happens_to_a_message_of_a_lost_partition_has_no_effect() -> None:
    ledger = ledger_with(Time(), p0=1, p1=1)
    message = take(ledger)
    ledger.drop([0])
    ledger.finish(message)
    ledger.put_back(message)
    assert not ledger.holds(message)
    assert take(ledger).partition == 1
    assert ledger.take() is None
    assert ledger.partitions() == {1}


def test_a_partition_that_comes_back_does_not_hear_answers_of_before() -> None:
    ledger = ledger_with(Time(), p0=1)
    old = take(ledger)
    ledger.drop([0])
    ledger.begin(0, Progress(0))
    ledger.accept(0, 0, Envelope(b"again"))
    ledger.finish(old)
    assert take(ledger).envelope.body == b"again"


def test_during_a_rebalance_only_partitions_that_stay_hand_something_out() -> None:
    ledger = ledger_with(Time(), p0=2, p1=2)
    first = take(ledger)
    ledger.frozen = ledger.held_partitions()
    assert take(ledger).partition == first.partition
    assert ledger.take() is None
    ledger.frozen = None
    assert take(ledger).partition != first.partition


def test_a_delayed_message_comes_when_it_is_due() -> None:
    time = Time()
    ledger = ledger_with(time, p0=0)
    ledger.accept(0, 0, Envelope(b"later", due=time.now + 5))
    ledger.accept(0, 1, Envelope(b"now"))
    assert take(ledger).envelope.body == b"now"
    assert ledger.take() is None
    assert ledger.next_delayed() == 5
    time.now += 5
    assert take(ledger).envelope.body == b"later"


def test_there_is_room_for_a_few_messages_only() -> None:
    ledger = ledger_with(Time(), p0=BUFFER - 1)
    assert ledger.room() == 1
    ledger.accept(0, BUFFER, Envelope(b""))
    assert ledger.room() == 0
    take(ledger)
    assert ledger.room() == 1


def test_a_message_grows_stale_later_the_more_often_it_was_passed_on() -> None:
    time = Time()
    ledger = ledger_with(time, p0=0)
    ledger.accept(0, 0, Envelope(b"fresh"))
    ledger.accept(0, 1, Envelope(b"passed on", hops=3))
    time.now += 2
    assert [each.envelope.body for each in ledger.stale(lambda hops: 2.0**hops)] == [b"fresh"]
    time.now += 6
    assert len(ledger.stale(lambda hops: 2.0**hops)) == 2
