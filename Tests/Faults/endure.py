"""Random faults every few seconds while clients ask without pause: nothing lost, nothing wrong, nothing that grows."""

import os
import random
import signal
import time
from collections import Counter

import hang
import trial
import workload
from acts import send
from answer import differences
from child import resident
from load import Load
from world import Listening, Spawned, own_name

# What the coordinator's peaks may grow by from the first quarter to the last: a share, and megabytes of allocators' caches.
GROWTH, SLACK = 0.05, 4


class Endurance:
    """A cluster under load to which things happen."""

    def __init__(self, world, seed, references, every):
        self.world, self.references, self.every = world, references, every
        self.chance, self.counts = random.Random(f"endure {seed} {type(world).__name__}"), Counter()
        self.wrong, self.answered, self.sizes, self.held = [], 0, [], []
        self.can_hang = hang.is_possible()

    def run(self, seconds, requests):
        world, end = self.world, time.monotonic() + seconds
        self.load = Load(world.door, requests, repeats=True).start()
        checked, beside = 0, time.monotonic() + 60
        while time.monotonic() < end:
            self.strike()
            until = time.monotonic() + self.every * self.chance.uniform(0.6, 1.4)
            while time.monotonic() < until:
                if hasattr(world, "supervise"):
                    world.supervise()
                self.let_go()
                assert world.serve.runs, f"serve ended with {world.serve.process.returncode}: {world.serve.tail()}"
                self.sizes.append((time.monotonic(), resident(world.serve.pid)))
                time.sleep(0.25)
            checked = self.check(checked)
            if time.monotonic() > beside:
                beside += 60
                self.say()
        self.let_go(all=True)
        self.load.finish(120)
        self.check(checked, all=True)

    def say(self):
        print(f"  {time.monotonic() - self.load.started:5.0f} s: {sum(self.counts.values())} faults, {self.answered} answers, "
              f"{self.load.tokens} tokens, {len(self.wrong)} wrong, {self.sizes[-1][1]:.0f} MB, longest silence {self.load.silence:.1f} s", flush=True)

    # What happens.

    def strike(self):
        world = self.world
        names = world.stages() or self.names
        self.names = names
        kinds = [self.kill] * 4 + [self.stop] * 2 + [self.stop_briefly] * 2 + [self.drain] * 2 + [self.kill_two]
        if self.can_hang:
            kinds += [self.hang] * 2
        if getattr(world, "has_relays", False):
            kinds += [self.reset, self.half_open, self.swallow] * 2
        kind, name = self.chance.choice(kinds), self.chance.choice(names)
        try:
            kind(name)
            self.counts[kind.__name__] += 1
        except (AssertionError, OSError, ValueError):
            self.counts["nobody there"] += 1

    def kill(self, name):
        send(signal.SIGKILL, self.world.pid(name))

    def kill_two(self, name):
        for one in {name, self.chance.choice(self.names)}:
            send(signal.SIGKILL, self.world.pid(one))

    def drain(self, name):
        send(signal.SIGTERM, self.world.pid(name))

    def hold(self, name, seconds):
        pid = self.world.pid(name)
        send(signal.SIGSTOP, pid)
        self.held.append((time.monotonic() + seconds, lambda: send(signal.SIGCONT, pid)))

    def stop(self, name):
        self.hold(name, self.chance.uniform(2, 8))

    def stop_briefly(self, name):
        self.hold(name, self.chance.uniform(0.1, 0.9))

    def hang(self, name):
        held = hang.Hang(self.world.pid(name))
        self.held.append((time.monotonic() + self.chance.uniform(0.2, 6), held.release))

    def relay(self, name):
        return self.chance.choice([self.world.data, self.world.control])[own_name(name)]

    def reset(self, name):
        self.relay(name).reset()

    def half_open(self, name):
        self.relay(name).half_open()

    def swallow(self, name):
        relay = self.relay(name)
        relay.swallow(*self.chance.choice([("up", "down"), ("up",), ("down",)]))
        self.held.append((time.monotonic() + self.chance.uniform(0.5, 5), relay.heal))

    def let_go(self, all=False):
        for due, undo in list(self.held):
            if all or due <= time.monotonic():
                undo()
                self.held.remove((due, undo))

    # What came of it.

    def check(self, begin, all=False):
        """Holds answers against the references as they come, and forgets them."""
        exchanges = self.load.exchanges
        for index in range(begin, len(exchanges)):
            exchange = exchanges[index]
            if exchange is None or (exchange.ended is None and not all):
                continue
            self.answered += 1
            for what in differences([exchange], self.references.answers):
                self.wrong.append(what.strip())
            exchanges[index] = None
        while begin < len(exchanges) and exchanges[begin] is None:
            begin += 1
        return begin

    def growth(self):
        """Megabytes of the coordinator at its peak, in the first quarter and in the last."""
        quarter = max(1, len(self.sizes) // 4)
        parts = self.sizes[quarter // 2 : quarter + quarter // 2], self.sizes[-quarter:]
        return [max(size for _, size in part) for part in parts]


def run(setting, options):
    """Half of the time with workers that the server starts, half with workers that dial in through relays."""
    references, failed = trial.References(setting), False
    requests = workload.mixed(options.seed, **setting.shape_of(workload.mixed))
    references.add(requests)
    for world in (Spawned(setting, "--spares", "1"), Listening(setting, relays=True, restarts=True, workers=4, needed=3)):
        print(f"{type(world).__name__}, {options.endure / 2:g} minutes", flush=True)
        failed |= not half(world, options, references, requests)
    print(f"{'FAILED' if failed else 'endured'}: {options.endure:g} minutes, seed {options.seed}")
    return 1 if failed else 0


def half(world, options, references, requests):
    problems, endurance = [], Endurance(world, options.seed, references, options.every)
    try:
        with world:
            for _ in range(2):
                Load(world.door, requests).start().finish(120)
            world.rest()
            before = world.usage()
            endurance.run(options.endure * 30, requests)
            world.rest(60)
            after = world.usage()
            first, last = endurance.growth()
            if last > first * (1 + GROWTH) + SLACK:
                problems.append(f"the coordinator grew from {first:.0f} to {last:.0f} MB")
            if after[1] > before[1] * 1.05 + 2:
                problems.append(f"{after[1]} descriptors at rest, {before[1]} before")
            endurance.counts.update({"losses told": len(world.losses()), "recoveries told": world.recoveries()})
            if hasattr(world, "restarts"):
                world.restarts = False
            world.close()
    except Exception as problem:
        problems.append(f"{type(problem).__name__}: {problem}"[:800])
    problems += [f"{text} ({count} times)" for text, count in Counter(endurance.wrong).most_common(6)]
    for name, count in sorted(endurance.counts.items()):
        print(f"  {count:5d}  {name}")
    for problem in problems:
        print(f"  FAIL  {problem}")
    if problems and world.serve:
        path = f"{options.logs}/endure-{type(world).__name__}.log"
        os.makedirs(options.logs, exist_ok=True)
        with open(path, "w") as file:
            file.write("\n".join(trial.journal(world, endurance.load.started if hasattr(endurance, "load") else 0)))
        print(f"  log: {path}")
    print(f"  {endurance.answered} answers, {len(endurance.wrong)} of them wrong; seed {options.seed}", flush=True)
    return not problems
