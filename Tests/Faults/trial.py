"""Runs a case: without its fault, then with it, and says what is wrong."""

import json
import signal
import time
import traceback
from dataclasses import dataclass, field

import workload
from acts import send
from answer import differences, parse
from case import Scene
from load import Load
from pause import measure
from world import World

# What a coordinator may hold more at rest than before the fault: a share, and megabytes. Its allocators take 9 in the first
# twenty loads of this size, fault or not, and then no more; `endure` looks for what goes on growing.
GROWTH, SLACK = 0.05, 3.0


@dataclass
class Result:
    case: object
    problems: list = field(default_factory=list)
    skipped: str | None = None
    noticed: float | None = None  # seconds from the fault until a loss was told
    pause: object = None
    last_bound: float | None = None
    notes: list = field(default_factory=list)
    seconds: float = 0
    log: list = field(default_factory=list)
    is_late: bool = False  # whether all that is wrong is a pause beyond its bound

    @property
    def passes(self):
        return not self.problems and not self.skipped


class References:
    """What one process answers, by the request."""

    def __init__(self, setting):
        self.setting, self.answers, self.rate = setting, {}, None

    def add(self, requests):
        missing = list({str(request): request for request in requests}.values())
        missing = [request for request in missing if self.key(request) not in self.answers]
        if not missing:
            return
        with Alone(self.setting) as world:
            for exchange in Load(world.door, missing).start().finish(300):
                self.answers[exchange.key] = parse(exchange)
            world.close()

    @staticmethod
    def key(request):
        return json.dumps(list(request))

    def prefill(self, world):
        """Tokens a second that a cluster reads, measured once a run on a cluster of three."""
        if self.rate is None:
            body = {"input": [" ".join(workload.LINES[:3])] * 32}
            exchange = Load(world.door, [(workload.EMBEDDINGS, body)]).start().finish(120)[0]
            self.rate = parse(exchange)["usage"]["prompt_tokens"] / (exchange.ended - exchange.started)
        return self.rate


class Alone(World):
    """One process."""

    def start(self):
        self.open()
        self.ready()


def run(case, setting, references, seed):
    result, begin = Result(case), time.monotonic()
    requests = asked(case, setting, seed)
    references.add(requests)
    world = case.world(setting)
    scene = Scene(case, world, seed)
    scene.references, scene.requests = references.answers, requests
    result.notes = scene.notes
    try:
        with world:
            attempt(scene, result, requests, references)
    except Exception as problem:
        if not isinstance(problem, AssertionError):
            result.notes.append(traceback.format_exc())
        result.problems.insert(0, f"{type(problem).__name__}: {problem}"[:1500])
    if world.serve:
        # Where the fault is in the log, if there was one.
        at = scene.fault or world.serve.started
        result.log = journal(world, at)
    result.seconds = time.monotonic() - begin
    return result


def asked(case, setting, seed):
    return case.requests(seed, **{**setting.shape_of(case.requests), **case.shape})


def journal(world, at):
    """Lines of all processes, by their instants."""
    children = [world.serve, *getattr(world, "past", []), *getattr(world, "members", {}).values()]
    lines = [(when, child.name, line) for child in children for when, line in child.lines]
    return [f"{when - at:+8.3f} {name}: {line}" for when, name, line in sorted(lines)]


def attempt(scene, result, requests, references):
    case, world = scene.case, scene.world
    if case.when != "load":
        warm = Load(world.door, requests).start()
        wrong = differences(warm.finish(120), references.answers)
        assert not wrong, f"even without a fault: {wrong[0]}"
        references.prefill(world)
        world.rest()
        before, losses = world.usage(), len(world.losses())
        scene.names = world.stages()
    load = scene.load = Load(world.door, requests, repeats=case.repeats)
    if case.when == "load":
        case.act(scene)
        result.notes.append(f"ready {world.ready() :.1f} s after the fault")
        load.start()
    elif case.when == "idle":
        time.sleep(scene.chance.uniform(0.2, 1))
        case.act(scene)
        load.start()
    else:
        load.start()
        if case.when == "prefill":
            time.sleep(scene.chance.uniform(0.02, 0.5) * (first_end(warm) - warm.started))
        else:
            load.reach(int(scene.chance.uniform(0.1, 0.6) * warm.tokens))
        case.act(scene)
    if case.repeats:
        settle(scene)
    exchanges = load.finish(90)
    judge(scene, result, exchanges, references)
    world.rest()
    if case.when != "load":
        compare(before, world.usage(), result)
        found = world.losses()[losses:]
        if case.loses is not None and bool(found) != case.loses:
            result.problems.append(f"{len(found)} losses are told" + "".join(f": {line}" for _, line in found[:1]))
        if found:
            result.noticed = found[0][0] - scene.fault
    if case.after:
        case.after(scene)
    release(scene)
    world.close()


def first_end(load):
    return min(exchange.ended for exchange in load.exchanges)


def settle(scene):
    """Lets clients go on until the cluster has been ready for a second."""
    end = time.monotonic() + 30
    since = None
    while time.monotonic() < end:
        scene.world.supervise()
        assert scene.world.serve.runs, f"serve ended: {scene.world.serve.tail(2)}"
        now = time.monotonic()
        since = (since or now) if scene.world.door.ready()[0] else None
        if since and now - since > 1:
            return
        time.sleep(0.1)
    raise AssertionError(f"not ready 30 s after the fault: {scene.world.door.ready()[1]}")


def release(scene):
    """Lets go on what was held still for good."""
    send(signal.SIGCONT, *scene.held)
    if hasattr(scene, "hang"):
        scene.hang.release()


def judge(scene, result, exchanges, references):
    case = scene.case
    wrong = differences(exchanges, references.answers) if case.answers else []
    result.notes.append(f"{len(exchanges)} requests")
    if wrong:
        result.problems.append(f"{len(wrong)} of {len(exchanges)} answers: {wrong[0]}")
        result.notes += wrong[1:6]
    until = scene.fault + (case.bound or 10)
    pause = result.pause = measure(exchanges, scene.fault, until)
    if pause is None or case.bound is None or wrong:
        return
    tokens = pause.tokens + sum(prompt_tokens(exchange) for exchange in pause.waited)
    result.last_bound = case.bound + tokens / references.rate
    scene.detail(f"{tokens} tokens of {len(pause.waited)} streams to read again at {references.rate:.0f} a second")
    if pause.first > case.bound:
        result.problems.append(f"the first stream went on after {pause.first:.2f} s, more than {case.bound:.1f}")
        result.is_late = len(result.problems) == 1
    elif pause.last > result.last_bound:
        result.problems.append(f"the last stream went on after {pause.last:.2f} s, more than {result.last_bound:.1f}")
        result.is_late = len(result.problems) == 1


def prompt_tokens(exchange):
    usage = parse(exchange)["usage"] or {}
    return usage.get("prompt_tokens", 0) * exchange.body.get("n", 1)


def compare(before, after, result):
    for name, old, new, slack in zip(("MB", "descriptors", "threads"), before, after, (SLACK, 1, 4)):
        if new > old * (1 + GROWTH) + slack:
            result.problems.append(f"the coordinator has {new:.0f} {name} at rest, {old:.0f} before")
    result.notes.append(f"{before[0]:.0f} → {after[0]:.0f} MB, {before[1]} → {after[1]} descriptors")
