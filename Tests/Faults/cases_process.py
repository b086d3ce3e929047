"""Processes that die, stand still or hang, at every time, in every place, with every means of recovery."""

import signal
import time

import workload
from acts import both, drain, hang, kill, kill_again, nothing, now, send, stop
from case import AT_ONCE, BY_OTHERS, BY_SPARE, SILENT, Case
from clients import wait_until
from world import Spawned

PLACES = {"first": 0, "middle": 1, "last": -1}
MEANS = {"spare": (["--spares", "1", "--recover", "spare"], BY_SPARE), "process": (["--recover", "process"], BY_OTHERS),
         "split": (["--recover", "split"], BY_OTHERS)}


def spawned(*flags, **options):
    return lambda setting: Spawned(setting, *flags, **options)


def worker(number):
    """The process of a worker that is being started: a child with its name."""
    def act(scene):
        wait_until("a worker's process", lambda: has(scene.world, f"worker-{number}"), 10)
        time.sleep(scene.chance.uniform(0, 0.3))
        pid = scene.world.pid(f"worker-{number}")
        now(scene)
        send(signal.SIGKILL, pid)
    return act


def has(world, name):
    try:
        return world.pid(name)
    except AssertionError:
        return None


class Loading(Spawned):
    """A cluster that is not waited for."""

    def start(self):
        self.begin()


def kills():
    for means, (flags, time_to_go_on) in MEANS.items():
        for place, stage in PLACES.items():
            for when in "prefill", "decode", "idle":
                yield Case(
                    f"kill the {place}, {when}, {means}", spawned(*flags), kill(stage), f"SIGKILL, {means}", when,
                    requests=workload.long_prompts if when == "prefill" else workload.mixed, bound=AT_ONCE + time_to_go_on,
                    loses=True, short=(place, when) == ("middle", "decode") or (means, place, when) in (
                        ("process", "first", "prefill"), ("process", "last", "idle")))
    for number in 1, 2, 3:
        yield Case(f"kill worker {number} while it loads", lambda setting: Loading(setting), worker(number),
                   "SIGKILL while loading", "load", short=number == 2)


def stills():
    for means, (flags, time_to_go_on) in MEANS.items():
        for place, stage in PLACES.items():
            yield Case(f"stop the {place} for good, decode, {means}", spawned(*flags), stop(None, stage),
                       f"SIGSTOP, {means}", bound=SILENT + time_to_go_on, loses=True,
                       short=(means, place) == ("process", "last"))
            yield Case(f"hang the {place}'s computing thread for good, decode, {means}", spawned(*flags), hang(None, stage),
                       f"hung thread, {means}", bound=SILENT + time_to_go_on, loses=True, needs=("trace",),
                       short=(means, place) == ("spare", "middle"))
    for when in "prefill", "idle":
        requests = workload.long_prompts if when == "prefill" else workload.mixed
        yield Case(f"stop the middle for good, {when}", spawned(), stop(None, 1), "SIGSTOP, process", when, requests,
                   bound=SILENT + BY_OTHERS, loses=True)
        yield Case(f"hang the middle for good, {when}", spawned(), hang(None, 1), "hung thread, process", when, requests,
                   bound=SILENT + BY_OTHERS, loses=True, needs=("trace",))
    for place, stage in PLACES.items():
        yield Case(f"stop the {place} for 0.7 s", spawned(), stop(0.7, stage), "SIGSTOP, 0.7 s", bound=0.7 + 0.5,
                   loses=False, short=place == "middle")
        yield Case(f"stop the {place} for 5 s", spawned(), stop(5, stage), "SIGSTOP, 5 s, then SIGCONT",
                   bound=SILENT + BY_OTHERS, repeats=True, loses=True)
    yield Case("hang the middle for 0.7 s", spawned(), hang(0.7, 1), "hung thread, 0.7 s", bound=0.7 + 0.5, loses=False,
               needs=("trace",))


def several():
    yield Case("kill first and last at once", spawned(), kill(0, -1), "two at once", bound=BY_OTHERS, loses=True)
    yield Case("kill middle and last at once", spawned(), kill(1, -1), "two at once", bound=BY_OTHERS, loses=True,
               short=True)
    yield Case("kill all three at once", spawned(), kill(0, 1, 2), "three at once", bound=BY_OTHERS, loses=True)
    yield Case("kill the first, stop the last", spawned(), both(kill(0), stop(None, -1)), "two at once",
               bound=SILENT + BY_OTHERS, loses=True)
    yield Case("kill the last while the first is replaced", spawned(), kill_again(0, -1, (0.05, 0.4)),
               "a second in a recovery", bound=BY_OTHERS + 0.4, loses=True, short=True)
    yield Case("kill two, one of them a spare's place", spawned("--spares", "1"), kill_again(0, 1, (0.2, 1)),
               "a second in a recovery", bound=BY_OTHERS + 1, loses=True)
    yield Case("kill two of three, split", spawned("--recover", "split"), kill_again(0, 1, (0.1, 1)),
               "a second in a recovery", bound=BY_OTHERS + 1, loses=True)


def drains():
    for place, stage in PLACES.items():
        yield Case(f"SIGTERM to the {place}, 8 streams", spawned(), drain(stage), "drained", bound=BY_OTHERS,
                   requests=workload.streams, shape={"count": 8}, after=has_ended, short=place == "middle")
    yield Case("SIGTERM to the middle, 8 streams, spare", spawned("--spares", "1"), drain(1), "drained, spare",
               bound=BY_SPARE, requests=workload.streams, shape={"count": 8}, after=has_ended)
    yield Case("SIGTERM to each in turn", spawned(), rolling, "rolling restart", repeats=True)


def has_ended(scene):
    from child import words
    wait_until("the end of the drained worker", lambda: not words(scene.drained), 6)


def rolling(scene):
    """Each worker is sent home, and the next one when all three places are taken again."""
    now(scene)
    for name in list(scene.names):
        pid = scene.world.pid(name)
        send(signal.SIGTERM, pid)
        wait_until(f"another process for {name}", lambda: has(scene.world, name) not in (None, pid), 20)
        wait_until("three stages again", lambda: scene.world.door.ready()[0] and len(scene.world.stages()) == 3, 20)
        time.sleep(0.5)


def all():
    yield Case("no fault", spawned(), nothing, "no fault", bound=0.5, loses=False, short=True)
    for group in kills, stills, several, drains:
        yield from group()
