"""Workers that come back, bear another's name, have no memory or no disk; a coordinator that is started again."""

import resource
import signal
import subprocess
import time

from acts import kill, now, send
from answer import differences
from case import BY_OTHERS, SILENT, Case
from clients import wait_until
from load import Load
from world import Listening, Spawned


def listening(*flags, **options):
    return lambda setting: Listening(setting, *flags, **options)


def stale(scene):
    """A worker that stands still until its place is taken, and then goes on as if nothing had been."""
    pid = scene.pid(1)
    recoveries = scene.world.recoveries()
    now(scene)
    send(signal.SIGSTOP, pid)
    wait_until("recovery", lambda: scene.world.recoveries() > recoveries, 10)
    time.sleep(scene.chance.uniform(0, 2))
    send(signal.SIGCONT, pid)
    time.sleep(1)


def twin(scene):
    """Another worker of the same name, while the first is at work."""
    now(scene)
    scene.twin = scene.world.join(scene.stage(1))
    time.sleep(2)


def twin_goes(scene):
    scene.note(f"the twin {'runs' if scene.twin.runs else 'ended'}: {scene.twin.tail(2)}")


def no_memory(scene):
    """A worker that gets no more memory than it has, and then the blocks of another one that dies."""
    pid = scene.pid(1)
    with open(f"/proc/{pid}/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
    kill(0)(scene)
    scene.starved = scene.world.members[scene.stage(1)]


def starved(scene):
    scene.note(f"the worker without memory {'runs' if scene.starved.runs else 'ended'}: {scene.starved.tail(1)}")


def restarted(number):
    """The coordinator ends and is started again at its ports; old requests are lost, new ones are answered."""
    def act(scene):
        world = scene.world
        now(scene)
        world.serve.signal(number)
        world.serve.end(40)
        scene.load.finish(60)
        time.sleep(scene.chance.uniform(0, 2))
        world.open_again()
        at, _ = world.serve.line("waiting at")
        world.ready()
        load = Load(world.door, scene.requests).start()
        load.reach(1)
        took = time.monotonic() - at
        scene.note(f"at work {took:.2f} s after it listened")
        scene.again = differences(load.finish(60), scene.references)
        assert took < 3, f"at work {took:.2f} s after the coordinator listened again, more than 3"
        assert not scene.again, scene.again[0]
    return act


def rolling(scene):
    """Each worker is sent home and started again by its supervisor, under load."""
    now(scene)
    for name in list(scene.names):
        child = scene.world.members[name]
        child.signal(signal.SIGTERM)
        code = child.end(10)
        assert code == 0, f"{name} ended with {code} after SIGTERM: {child.tail()}"
        scene.world.join(name)
        # The model of the pipe says whether it is a stage again: on one machine three are no quicker than two.
        wait_until("all three there again", lambda: (
            scene.world.door.ready()[0] and scene.world.holding() == sorted(scene.names)), 20)
        time.sleep(0.5)


class Tight(Listening):
    """Workers of which one has memory for hardly more than its own blocks."""

    def join(self, name, *flags, **options):
        return super().join(name, *flags, *(["--memory", "5MB"] if name == "w2" else []), **options)


class FullDisk(Listening):
    """Workers that are sent their blocks, one of which has no room to keep them."""

    def begin(self):
        self.disk = f"{self.folder.name}/disk"
        self.open_again()
        for name in self.names:
            folder = f"{self.folder.name}/{name}"
            if name == "w2":
                subprocess.run(["mkdir", self.disk], check=True)
                subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", self.disk], check=True)
                folder = self.disk
            self.join(name, "--cache", folder)

    def kill(self):
        if hasattr(self, "disk"):
            subprocess.run(["umount", "-l", self.disk], check=False)
        super().kill()


def one_core(setting):
    return Spawned(setting, inside=["taskset", "-c", "0"])


def all():
    yield Case("a stale worker returns, spawned", lambda setting: Spawned(setting), stale, "a stale worker returns",
               bound=SILENT + BY_OTHERS, repeats=True, loses=True)
    yield Case("a stale worker returns", listening(), stale, "a stale worker returns", bound=SILENT + BY_OTHERS, repeats=True,
               loses=True, short=True)
    yield Case("a twin by name", listening(), twin, "a twin by name", bound=1.0, repeats=True, loses=False, after=twin_goes)
    yield Case("a worker out of memory for another's blocks", listening("--recover", "split"), no_memory, "out of memory",
               bound=2 * BY_OTHERS, loses=True, after=starved)
    yield Case("a worker that may take hardly any memory, another killed", lambda setting: Tight(setting, "--recover", "split"),
               kill(0), "out of memory", bound=BY_OTHERS, loses=True, models=("demo",))
    yield Case("one core for all, the middle killed", one_core, kill(1), "one core for all", bound=BY_OTHERS, loses=True)
    yield Case("full disk under a worker's cache, another killed", lambda setting: FullDisk(setting, restarts=True), kill(0),
               "full disk", bound=BY_OTHERS, repeats=True, loses=True, needs=("mount",))
    yield Case("coordinator killed and started again", listening(), restarted(signal.SIGKILL), "coordinator restarted",
               answers=False, loses=None)
    yield Case("coordinator ended and started again", listening(), restarted(signal.SIGTERM), "coordinator restarted",
               answers=False, loses=None)
    yield Case("rolling restart under load", listening(), rolling, "rolling restart", repeats=True, short=True)
    yield Case("a lost worker's supervisor brings it back, wait", listening("--recover", "wait", restarts=True), kill(1),
               "SIGKILL, wait", repeats=True, loses=True)
