"""Jobs: woken by time and by those who leave them work, one run at a time, never stopped by a failure."""

from threading import Event

from service.schedule import Job, Schedule
from storage.readings import StoreUnavailable
from support.waiting import wait_until

LONG = 3600.0


def test_a_job_runs_at_the_start_and_then_when_it_is_woken() -> None:
    """Nobody waits for the interval."""
    runs: list[int] = []
    schedule = Schedule([Job("count", [lambda: runs.append(1)])], every=LONG)
    schedule.start()
    wait_until(lambda: len(runs) == 1)
    schedule.wake()
    wait_until(lambda: len(runs) == 2)
    schedule.stop()


def test_a_waking_during_a_run_is_a_run_of_its_own() -> None:
    """What came after the run had looked would otherwise wait for the interval."""
    begun, go_on, runs = Event(), Event(), []

    def step() -> None:
        runs.append(1)
        begun.set()
        go_on.wait(10)

    schedule = Schedule([Job("slow", [step])], every=LONG)
    schedule.start()
    assert begun.wait(10)
    schedule.wake()
    go_on.set()
    wait_until(lambda: len(runs) == 2)
    schedule.stop()


def test_a_job_comes_again_by_its_interval() -> None:
    """A missed waking catches up."""
    runs: list[int] = []
    schedule = Schedule([Job("count", [lambda: runs.append(1)])], every=0.05)
    schedule.start()
    wait_until(lambda: len(runs) >= 3)
    schedule.stop()


def test_a_step_that_fails_holds_back_the_steps_behind_it() -> None:
    """Rules are not judged on figures that could not be made; the next run tries again."""
    fails, judged = [True], []

    def make_figures() -> None:
        if fails and fails.pop():
            raise StoreUnavailable("away")

    job = Job("figures", [make_figures, lambda: judged.append(1)])
    job.run()
    assert (judged, job.trouble) == ([], "away")
    job.run()
    assert (judged, job.trouble) == ([1], None)


def test_an_error_of_our_own_does_not_end_the_job() -> None:
    """It is logged and said, and the job goes on."""
    job = Job("broken", [lambda: 1 // 0])
    job.run()
    assert "ZeroDivisionError" in str(job.trouble)


def test_after_the_end_nothing_runs() -> None:
    """Stores are closed then."""
    runs: list[int] = []
    job = Job("count", [lambda: runs.append(1)])
    job.end()
    job.run()
    assert not runs
