"""Hosts of a network, with keys: cut off both ways and one way, healed, with losses, slow."""

import time

import workload
from acts import kill, nothing, now
from case import BY_OTHERS, SILENT, Case
from world import Hosts


def hosts(*flags, **options):
    return lambda setting: Hosts(setting, *flags, restarts=True, **options)


def cut(stage, lasts, *way):
    def act(scene):
        host = scene.world.host(scene.stage(stage))
        now(scene)
        scene.world.lab.cut(host, *way)
        time.sleep(lasts)
        scene.world.lab.heal(host)
    return act


def lossy(percent):
    def act(scene):
        now(scene)
        for name in scene.names:
            scene.world.lab.loss(scene.world.host(name), percent)
    return act


def all():
    for place, stage in ("first", 0), ("middle", 1), ("last", -1):
        for name, way in ("both ways", ()), ("towards it", ("to",)), ("from it", ("from",)):
            yield Case(f"the {place}'s host cut off {name} for 6 s", hosts(), cut(stage, 6, *way), f"host cut off {name}",
                       bound=SILENT + BY_OTHERS, repeats=True, needs=("lab",), short=(place, name) == ("last", "both ways"))
    yield Case("the middle's host cut off for 0.7 s", hosts(), cut(1, 0.7), "host cut off, 0.7 s", bound=0.7 + 1.5,
               repeats=True, needs=("lab",))
    yield Case("a host cut off in idle", hosts(), cut(1, 4), "host cut off both ways", "idle", repeats=True, needs=("lab",))
    yield Case("a worker killed on its host", hosts(), kill(1), "host: SIGKILL", bound=BY_OTHERS, repeats=True, loses=True,
               needs=("lab",))
    for percent in 1, 10:
        yield Case(f"{percent} % of all frames lost", hosts(), lossy(percent), f"loss of {percent} %", needs=("lab",))
    yield Case("20 Mbit/s, long prompts", hosts(rate="20mbit"), nothing, "20 Mbit/s", requests=workload.long_prompts,
               loses=False, needs=("lab",))
    yield Case("20 Mbit/s, long prompts, a worker killed", hosts(rate="20mbit"), kill(1), "20 Mbit/s, SIGKILL",
               requests=workload.long_prompts, loses=True, needs=("lab",))
