"""`generate`, `score` and `embed` on the command line, with a worker lost while they run: output equal to the byte."""

import json
import random
import time
from pathlib import Path

import workload
from acts import hang, kill, stop
from case import Case, Scene
from clients import literal
from trial import Alone, Result, journal, release
from world import Hosts, Listening, Spawned

# What a line of JSON says of clocks.
TIMES = ("timings", "tokens_per_second")


class Task:
    """A verb with some seconds of work, and what of its output is compared."""

    def __init__(self, verb, *arguments, file=None):
        self.verb, self.arguments, self.file = verb, arguments, file

    def output(self, world):
        if self.file or "--json" not in self.arguments:
            return Path(self.file or world.output).read_bytes()
        lines = [literal(line) for line in Path(world.output).read_text().splitlines()]
        return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


def tasks(folder, seed, size):
    """By the name of each. They are larger for a model that is quick."""
    chance = random.Random(f"commands {seed}")
    prompts, book = Path(folder) / "prompts.jsonl", Path(folder) / "book"
    prompts.write_text("".join(json.dumps(workload.prompt(chance, chance.randint(4, 30))) + "\n" for _ in range(8 * size)))
    book.write_text("\n".join(workload.prompt(chance, 60) for _ in range(6 * size)))
    texts, states = Path(folder) / "texts.jsonl", Path(folder) / "states"
    texts.write_text("".join(json.dumps(workload.prompt(chance, 50)) + "\n" for _ in range(48 * size)))
    many = ["--prompts", prompts, "--json", "--max-tokens", 20 * size, "--ignore-eos", "--logprobs", 2]
    return {
        "generate": Task("generate", *many, "--seed", 7),
        "generate, greedy": Task("generate", *many, "--temperature", 0, "--seed", 7),
        "generate, one text": Task("generate", "ROMEO:", "--max-tokens", 30 * size, "--ignore-eos", "--seed", 7),
        "score": Task("score", book, "--json", "--logprobs", 2, "--stride", 32),
        "embed": Task("embed", "--prompts", texts, "--output", states, "--pool", "mean", file=states),
    }


def all():
    acts = {"kill": kill, "stop": lambda stage: stop(None, stage), "hang": lambda stage: hang(None, stage)}
    places = {"spawned": (Spawned, ()), "dialled": (Listening, ()), "on hosts": (Hosts, ("lab",))}
    for verb in "generate", "generate, greedy", "generate, one text", "score", "embed":
        for act, make in acts.items():
            for place, (world, needs) in places.items():
                if act != "kill" and (place == "dialled" or "," in verb):
                    continue
                case = Case(f"gpt2 {verb}, {act}, workers {place}", world, make, f"{verb.split(',')[0]}, {act}",
                            needs=needs + (("trace",) if act == "hang" else ()),
                            short=(place, act) == ("spawned", "kill") and "," not in verb)
                case.verb = verb
                yield case


def run(case, setting, folder, seed, times):
    """The task by one process, then by a cluster that loses a worker. `times` has how long each took, and what came of it."""
    result, begin = Result(case), time.monotonic()
    task = tasks(folder, seed, setting.size)[case.verb]
    world = case.world(setting, task=task)
    scene = Scene(case, world, seed)
    result.notes = scene.notes
    try:
        if case.verb not in times:
            times[case.verb] = undisturbed(setting, task)
        meant, length = times[case.verb]
        with world:
            at, _ = world.serve.line("in 3 stages", seconds=setting.wait)
            scene.names = [stage(world, number) for number in (1, 2, 3)]
            time.sleep(scene.chance.uniform(0.1, 0.8) * length)
            case.act(scene.chance.choice([0, 1, -1]))(scene)
            code = world.serve.end(60 + length)
            took = time.monotonic() - at
            release(scene)
            said = task.output(world)
        result.notes.append(f"{took:.1f} s of work, {length:.1f} s without the fault")
        assert code == 0, f"exit code {code}: {world.serve.tail(2)}"
        assert said == meant, "the output is another one"
        if not any("gone" in line or "lost" in line or "ended" in line for _, line in world.serve.since(scene.fault)):
            result.notes.append("nothing of a loss was said")
    except (AssertionError, OSError, ValueError) as problem:
        result.problems.append(f"{type(problem).__name__}: {problem}"[:1000])
    if world.serve:
        result.log = journal(world, scene.fault or world.serve.started)
    result.seconds = time.monotonic() - begin
    return result


def undisturbed(setting, task):
    """What a cluster without a fault gives, which has to be what one process gives, and how long it works."""
    with Alone(setting, task=task) as alone:
        assert alone.serve.end(300) == 0, alone.serve.tail()
        meant = task.output(alone)
    with Spawned(setting, task=task) as world:
        at, _ = world.serve.line("in 3 stages", seconds=setting.wait)
        assert world.serve.end(300) == 0, world.serve.tail()
        length = time.monotonic() - at
        assert task.output(world) == meant, "the output of a cluster without a fault is another one"
    return meant, length


def stage(world, number):
    """Its worker's name, by what the command said."""
    _, line = world.serve.line(f"  stage {number}, ")
    return line.split(", ", 1)[1].split(": ", 1)[0]
