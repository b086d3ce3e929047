"""What is done to processes. Each makes an act of a case: it notes the instant of its fault in the scene."""

import os
import signal
import time

from hang import Hang
from world import own_name


def now(scene):
    scene.fault = time.monotonic()


def send(number, *pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def kill(*stages):
    def act(scene):
        pids = [scene.pid(stage) for stage in stages]
        now(scene)
        send(signal.SIGKILL, *pids)
    return act


def kill_again(first, second, pause):
    """The second while the loss of the first is being recovered from."""
    def act(scene):
        pids = [scene.pid(first), scene.pid(second)]
        now(scene)
        send(signal.SIGKILL, pids[0])
        time.sleep(scene.chance.uniform(*pause))
        send(signal.SIGKILL, pids[1])
    return act


def stop(seconds, *stages):
    """SIGSTOP for so long; None for good."""
    def act(scene):
        pids = [scene.pid(stage) for stage in stages]
        scene.held += pids
        now(scene)
        send(signal.SIGSTOP, *pids)
        if seconds is not None:
            time.sleep(seconds)
            send(signal.SIGCONT, *pids)
    return act


def hang(seconds, stage):
    """The computing thread alone stands still."""
    def act(scene):
        pid = scene.pid(stage)
        now(scene)
        hang = Hang(pid)
        if seconds is None:
            scene.hang = hang
            return
        time.sleep(seconds)
        hang.release()
    return act


def both(*acts):
    """At once, as long as only the last takes time."""
    def act(scene):
        for one in acts:
            one(scene)
    return act


def drain(stage):
    """SIGTERM."""
    def act(scene):
        pid = scene.pid(stage)
        scene.drained = pid
        now(scene)
        send(signal.SIGTERM, pid)
    return act


def link(kind, stage, fault, lasts=None, then=None):
    """A fault of the relay before a worker (`data`) or before the coordinator (`control`), healed after a while."""
    def act(scene):
        relay = getattr(scene.world, kind)[own_name(scene.stage(stage))]
        now(scene)
        fault(relay)
        if lasts is not None:
            time.sleep(lasts)
            relay.heal()
    return act


def flap(kind, stage, every, times):
    """Resets, one after the other."""
    def act(scene):
        relay = getattr(scene.world, kind)[own_name(scene.stage(stage))]
        now(scene)
        for _ in range(times):
            relay.reset()
            time.sleep(every * scene.chance.uniform(0.5, 1.5))
    return act


def nothing(scene):
    now(scene)
