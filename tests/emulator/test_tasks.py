"""TaskClock: progress from the clock, one effect, errors kept."""

from __future__ import annotations

from cxsim.emulator.tasks import Task, TaskClock, TaskState


def test_a_task_ends_with_its_result_after_its_time(host) -> None:
    ended: list[Task] = []
    task = TaskClock(host).start("task-1", "PowerOn", "vm-1", lambda t: "on", 4.0, on_end=ended.append)
    assert (task.state, task.result, task.error) == (TaskState.SUCCEEDED, "on", None)
    assert task.ended_s == task.started_s + 4.0
    assert ended == [task]


def test_progress_follows_the_clock_and_is_a_hundred_only_at_the_end() -> None:
    task = Task("task-1", "kind", "vm-1", started_s=100.0, expected_s=10.0)
    assert [task.percent(s) for s in (100.0, 105.0, 110.0, 500.0)] == [0, 50, 99, 99]
    task.state = TaskState.SUCCEEDED
    assert task.percent(105.0) == 100


def test_what_the_effect_raises_fails_the_task(host) -> None:
    def fail(task: Task) -> None:
        raise OSError("full")

    clock = TaskClock(host)
    task = clock.start("task-1", "kind", "vm-1", fail)
    assert task.state is TaskState.FAILED
    assert str(task.error) == "full"
    assert clock.tasks == {"task-1": task}
