"""Partitions are shared evenly, move only when need be, and never while a message of them is held."""

import random

from pikoci.pkg.queue.kafka.sharing import Claim, Share, share


def settle(count: int, claims: dict[str, Claim]) -> dict[str, Share]:
    """Share again and again, as a group does, until nothing moves any more."""
    shares: dict[str, Share] = {}
    for _ in range(5):
        shares = share(range(count), claims)
        claims = {member: Claim(frozenset(part.partitions), claims[member].held, 1) for member, part in shares.items()}
        given = [each for part in shares.values() for each in part.partitions]
        assert len(given) == len(set(given)), "two members own one partition"
    return shares


def sizes(shares: dict[str, Share]) -> list[int]:
    return sorted(len(part.partitions) for part in shares.values())


def test_a_member_alone_gets_all() -> None:
    assert share(range(4), {"a": Claim()}) == {"a": Share((0, 1, 2, 3), too_much=False, members=1)}


def test_members_share_evenly() -> None:
    assert sizes(settle(32, {name: Claim() for name in "abcde"})) == [6, 6, 6, 7, 7]


def test_members_beyond_the_partitions_get_none() -> None:
    assert sizes(settle(2, {name: Claim() for name in "abc"})) == [0, 1, 1]


def test_a_partition_that_moves_is_first_given_up() -> None:
    claims = {"a": Claim(frozenset(range(4))), "b": Claim()}
    first = share(range(4), claims)
    assert len(first["a"].partitions) == 2
    assert first["b"].partitions == ()
    assert sizes(settle(4, claims)) == [2, 2]


def test_a_partition_stays_where_a_message_of_it_is_held() -> None:
    claims = {"a": Claim(frozenset(range(8)), frozenset({1, 7})), "b": Claim()}
    shares = settle(8, claims)
    assert {1, 7} <= set(shares["a"].partitions)
    assert sizes(shares) == [4, 4]


def test_who_holds_messages_everywhere_keeps_all_and_hears_that_it_is_too_much() -> None:
    everything = frozenset(range(8))
    shares = settle(8, {"a": Claim(everything, everything), "b": Claim()})
    assert shares["a"] == Share(tuple(range(8)), too_much=True, members=2)
    assert shares["b"].partitions == ()
    assert not shares["b"].too_much


def test_nothing_moves_between_members_that_have_their_fair_share() -> None:
    claims = {"a": Claim(frozenset({0, 2, 4})), "b": Claim(frozenset({1, 3}))}
    shares = share(range(5), claims)
    assert shares["a"].partitions == (0, 2, 4)
    assert shares["b"].partitions == (1, 3)


def test_a_claim_of_an_older_generation_gives_way() -> None:
    claims = {"slept": Claim(frozenset({0, 1}), frozenset({0, 1}), 3), "awake": Claim(frozenset({0, 1}), generation=4)}
    assert set(share(range(2), claims)["slept"].partitions).isdisjoint({0, 1})


def test_any_claims_end_with_every_partition_owned_once() -> None:
    rng = random.Random(3)
    for _ in range(300):
        count, members = rng.randrange(1, 40), [f"m{number}" for number in range(rng.randrange(1, 9))]
        owned: dict[str, set[int]] = {member: set() for member in members}
        for partition in range(count):
            if rng.random() < 0.8:
                owned[rng.choice(members)].add(partition)
        claims = {
            member: Claim(frozenset(owned[member]), frozenset(each for each in owned[member] if rng.random() < 0.3))
            for member in members
        }
        shares = settle(count, claims)
        assert sorted(each for part in shares.values() for each in part.partitions) == list(range(count))
        for member in members:
            assert claims[member].held <= set(shares[member].partitions)
        if not any(claim.held for claim in claims.values()):
            assert max(sizes(shares)) - min(sizes(shares)) <= 1
