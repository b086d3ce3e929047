"""A case: a cluster, what is asked of it, a fault and when it comes, and what may come of it at most."""

import random
from dataclasses import dataclass, field
from typing import Callable

import workload

# Seconds until a fault is noticed at the latest: the kernel tells of what is gone, silence takes time.
AT_ONCE, TOLD, SILENT = 0.0, 0.3, 1.9
# Seconds from noticing until the most urgent stream goes on.
BY_SPARE, BY_OTHERS = 1.0, 3.0


@dataclass
class Case:
    name: str
    world: Callable  # of a setting
    act: Callable  # of a scene; comes back when the fault is over, or for good
    group: str = ""  # of the table
    when: str = "decode"  # "load", "prefill", "decode", "idle"
    requests: Callable = workload.mixed  # of a seed
    bound: float | None = None  # seconds from the fault until the most urgent stream goes on; None for any
    repeats: bool = False  # whether clients go on asking until the fault is over
    loses: bool | None = None  # whether a loss has to be counted; None where either is right
    after: Callable | None = None  # further checks of a scene, at rest
    answers: bool = True  # whether every request has to be answered
    short: bool = False  # whether it is a part of the short form
    needs: tuple = ()  # "lab", "trace", "mount"
    models: tuple = ("demo", "124m")
    shape: dict = field(default_factory=dict)


class Scene:
    """What a fault is done to."""

    def __init__(self, case, world, seed):
        self.case, self.world, self.seed = case, world, seed
        self.chance = random.Random(f"{seed} {case.name}")
        self.load, self.fault, self.notes, self.held = None, None, [], []

    def stage(self, index):
        """The name of the worker that is this stage, negative from the last."""
        return self.names[index]

    def pid(self, index):
        return self.world.pid(self.stage(index))

    def note(self, text):
        self.notes.append(text)

    def detail(self, text):
        """For the log alone: it has a line break."""
        self.notes.append(text + "\n")
