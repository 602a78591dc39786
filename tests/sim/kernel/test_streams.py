"""Random streams and identifiers: theirs alone, and the same in every run."""

from __future__ import annotations

from cxsim.sim.kernel import Hub
from cxsim.sim.kernel.streams import seed_sequence, stream


def test_a_stream_depends_on_seed_and_path_alone() -> None:
    first = [stream(1, "host/a/mac").random() for _ in range(2)]
    assert first[0] == first[1]
    assert stream(2, "host/a/mac").random() != first[0]
    assert stream(1, "host/b/mac").random() != first[0]


def test_the_values_of_a_stream_are_for_ever() -> None:
    assert stream(0, "host/a/mac").getrandbits(64) == 17536599904351957437
    assert seed_sequence(0, "x").generate_state(1)[0] == 449787715


def test_adding_a_host_shifts_nobody(hub: Hub) -> None:
    def draws(names: list[str]) -> tuple[float, str, str]:
        with Hub(3, 0.0) as other:
            for name in names:
                other.add_host(name)
            host = other.hosts["b"]
            return host.rng("delay").random(), host.new_uuid("vm"), other.runtime(host).new_id("job")

    assert draws(["b"]) == draws(["a", "b", "c"])


def test_the_nth_uuid_of_a_purpose_is_the_same_whatever_else_is_asked(hub: Hub) -> None:
    one, two = hub.add_host("one"), Hub(0, 0.0).add_host("one")
    first = [one.new_uuid("vm"), one.new_uuid("vm")]
    two.new_uuid("task")
    assert [two.new_uuid("vm"), two.new_uuid("vm")] == first
    assert first[0] != first[1]
    assert first[0][14] == "4"


def test_a_hosts_stream_goes_on_where_it_stopped(hub: Hub) -> None:
    host = hub.add_host("a")
    assert host.rng("x") is host.rng("x")
    assert host.rng("x").random() != host.rng("x").random()
