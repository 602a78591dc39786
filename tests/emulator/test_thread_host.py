"""ThreadHost: seeded identity and randomness, scaled time, background work that fails alone."""

from __future__ import annotations

import threading
import time

import pytest

from cxsim.emulator.thread_host import ThreadHost


def test_uuids_depend_on_seed_name_purpose_and_position_alone() -> None:
    one, same = ThreadHost("vc", seed=7), ThreadHost("vc", seed=7)
    assert [one.new_uuid("vm"), one.new_uuid("disk"), one.new_uuid("vm")] == [
        same.new_uuid("vm"),
        same.new_uuid("disk"),
        same.new_uuid("vm"),
    ]
    assert ThreadHost("vc", seed=7).new_uuid("vm") != ThreadHost("vc", seed=8).new_uuid("vm")
    assert ThreadHost("vc", seed=7).new_uuid("vm") != ThreadHost("other", seed=7).new_uuid("vm")
    assert one.new_uuid("vm") != one.new_uuid("vm")


def test_a_random_stream_goes_on_where_it_stood_and_no_stream_disturbs_another() -> None:
    one, same = ThreadHost("vc", seed=7), ThreadHost("vc", seed=7)
    first = [one.rng("latency").random(), one.rng("latency").random()]
    same.rng("something else").random()
    assert [same.rng("latency").random(), same.rng("latency").random()] == first
    assert first[0] != first[1]


def test_speed_makes_the_clock_run_and_sleeps_shrink() -> None:
    host = ThreadHost("vc", speed=200.0, start_s=1_000.0)
    wall_s = time.monotonic()
    host.sleep(10.0)
    assert time.monotonic() - wall_s < 5.0
    assert 1_010.0 <= host.now() < 2_000.0


def test_a_speed_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="speed must be positive"):
        ThreadHost("vc", speed=0)


def test_background_work_that_fails_is_logged_and_ends_alone() -> None:
    host = ThreadHost("vc")
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("disk on fire")

    host.spawn(fail, "burn")
    host.spawn(done.set, "work")
    assert host.join(5.0)
    assert done.is_set()
    assert ("trouble", {"task": "burn", "error": "RuntimeError('disk on fire')"}) in host.events


def test_join_gives_up_after_its_time() -> None:
    host = ThreadHost("vc")
    release = threading.Event()
    host.spawn(lambda: release.wait(5.0), "wait")
    assert not host.join(0.01)
    release.set()
    assert host.join(5.0)


def test_events_go_to_the_sink_that_was_given() -> None:
    seen: list[tuple[str, dict[str, object]]] = []
    ThreadHost("vc", log=lambda event, fields: seen.append((event, fields))).log("task", kind="x")
    assert seen == [("task", {"kind": "x"})]
