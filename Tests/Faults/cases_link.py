"""Links that are reset, half-open, swallowed, slow, and that flap: between stages, and between a worker and the coordinator."""

import workload
from acts import flap, link, now
from case import BY_OTHERS, SILENT, TOLD, Case
from world import Listening

PLACES = {"first": 0, "middle": 1, "last": -1}
FAULTS = {
    "reset": (lambda relay: relay.reset(), TOLD),
    "half-open": (lambda relay: relay.half_open(), SILENT),
    "swallowed": (lambda relay: relay.swallow(), SILENT),
    "swallowed up": (lambda relay: relay.swallow("up"), SILENT),
    "swallowed down": (lambda relay: relay.swallow("down"), SILENT),
    "held": (lambda relay: relay.hold(), SILENT),
}


def relayed(*flags, **options):
    return lambda setting: Listening(setting, *flags, relays=True, restarts=True, **options)


def all():
    for kind in "data", "control":
        for place, stage in PLACES.items():
            for name, (fault, notice) in FAULTS.items():
                lasts = None if name in ("reset", "half-open") else 6
                yield Case(f"{kind} link of the {place} {name}", relayed(), link(kind, stage, fault, lasts),
                           f"{kind} link {name}", bound=notice + BY_OTHERS, repeats=True,
                           short=(kind, place, name) in (("data", "middle", "half-open"), ("control", "last", "reset")))
            yield Case(f"{kind} link of the {place} flaps", relayed(), flap(kind, stage, 0.7, 8), f"{kind} link flaps",
                       repeats=True)
        yield Case(f"{kind} link of the middle held for 0.7 s", relayed(), link(kind, 1, FAULTS["held"][0], 0.7),
                   f"{kind} link held, 0.7 s", bound=0.7 + 0.5, loses=False)
        yield Case(f"{kind} link of the middle reset in idle", relayed(), link(kind, 1, FAULTS["reset"][0]),
                   f"{kind} link reset", "idle", bound=TOLD + BY_OTHERS, repeats=True)
        yield Case(f"{kind} link of the middle half-open in prefill", relayed(), link(kind, 1, FAULTS["half-open"][0]),
                   f"{kind} link half-open", "prefill", workload.long_prompts, bound=SILENT + BY_OTHERS, repeats=True)
    yield Case("data links in slices of 700 bytes, 20 ms late", relayed(), shape_links(slice=700, delay=0.02), "slow links",
               loses=False)
    yield Case("data links at 20 Mbit/s, long prompts", relayed(), shape_links(rate=2.5e6), "slow links",
               requests=workload.long_prompts, loses=False)


def shape_links(**shape):
    def act(scene):
        now(scene)
        for relay in scene.world.data.values():
            for name, value in shape.items():
                setattr(relay, name, value)
    return act
