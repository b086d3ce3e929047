"""A server over a cluster: its workers are processes that it starts itself, or that dial in, here or on hosts of the lab."""

import json
import os
import re
import signal
import tempfile
from dataclasses import dataclass, field

import lab
from child import Child, children, resident, words
from clients import wait_until
from door import Door
from relay import Relay, free_port

IDLE = ("texts", "requests_running", "requests_waiting", "cache_slots_used", "cache_positions_used",
        "micro_batches_in_flight")

# What the server says that it does about a loss.
NEXT = ("a spare takes", "it is started anew", "the others share", "requests wait for", "its work begins anew",
        "nobody can take")


@dataclass
class Setting:
    """What all clusters of a run have in common."""
    gpt2: str
    model: list = field(default_factory=list)  # flags of the coordinator
    shape: str = "demo"
    wait: float = 60  # seconds until a cluster has to be ready
    size: int = 8  # how much a command is given to do

    # How much is asked for, by the workload: a model that is slow is asked for less.
    shapes: dict = field(default_factory=dict)

    def shape_of(self, workload):
        return self.shapes.get(workload.__name__, {})

    @property
    def worker_model(self):
        return self.model or ["--demo"]


def own_name(name):
    """What a worker calls itself that the coordinator calls `name`: of two by one name it gives the second a number."""
    return re.fullmatch(r"((?:w|worker-)\d+)(?:-\d+)?", name)[1]


class World:
    """`stages` are the workers' names in the order of the pipe; `pid` has a worker's process by its name.

    With a `task` it is a command of its own that coordinates, not a server.
    """

    def __init__(self, setting, task=None):
        self.setting, self.serve, self.door, self.task = setting, None, None, task

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    def open(self, *flags, port=None, inside=(), namespace=None, **options):
        """Starts the server."""
        if self.task:
            return self.work(*flags, inside=inside, **options)
        port = port or free_port()
        self.door = Door(port, namespace=namespace)
        command = [self.setting.gpt2, "serve", "--http", f"127.0.0.1:{port}", "--threads", "1", "--log-level", "notice",
                   *self.setting.model, *flags]
        self.serve = Child("serve", command, inside=inside, **options)

    def work(self, *flags, **options):
        """Starts the command. What it says is the log; its output goes to a file."""
        self.scratch = tempfile.TemporaryDirectory(prefix="gpt2-faults-")
        self.output = f"{self.scratch.name}/output"
        command = [self.setting.gpt2, self.task.verb, *self.task.arguments, "--threads", "1", "--stats",
                   *self.setting.model, *flags]
        self.serve = Child(self.task.verb, command, output=self.output, **options)

    def ready(self, seconds=None):
        """Waits until it is, and says how long that took."""
        if self.task:
            return None

        def is_ready():
            assert self.serve.runs, f"serve ended with {self.serve.process.returncode}: {self.serve.tail()}"
            return self.door.ready()[0]
        return wait_until("/ready", is_ready, seconds or self.setting.wait)

    def stages(self):
        found = {}
        for (name, labels), _ in self.door.metrics().values.items():
            if name == "gpt2_stage_rows_total":
                pairs = dict(part.split("=", 1) for part in labels.replace('"', "").split(","))
                if pairs.get("stage", "").isdigit() and pairs.get("worker"):
                    found[int(pairs["stage"])] = pairs["worker"]
        return [found[stage] for stage in sorted(found)]

    def holding(self):
        """Names of those who are there and hold their blocks, as stages or as spares."""
        cluster = json.loads(self.door.call("/v1/cluster")[1])
        return sorted(member["name"] for member in cluster["stages"] + cluster["spares"] if member["ready"])

    def losses(self):
        """Lines in which the server says that something is lost, and what comes next."""
        return [(at, line) for at, line in self.serve.since(0)
                if any(f"; {what}" in line for what in NEXT) and "was asked to end" not in line]

    def recoveries(self):
        return sum("work goes on" in line for _, line in self.serve.since(0))

    def rest(self, seconds=20):
        """Waits until nothing is under way."""
        held = {}

        def is_idle():
            metrics = self.door.metrics()
            held.update({name: metrics[f"gpt2_{name}"] for name in IDLE})
            return not any(held.values())
        try:
            wait_until("rest", is_idle, seconds)
        except AssertionError:
            raise AssertionError(f"not at rest after {seconds} s: {held}") from None

    def usage(self):
        """Megabytes and descriptors of the coordinator."""
        pid = self.serve.pid
        return resident(pid), len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))

    def close(self, seconds=40):
        """Asks it to end: within time, well, and with none of its processes left."""
        pids = children(self.serve.pid)
        self.serve.signal(signal.SIGTERM)
        code = self.serve.end(seconds)
        assert code == 0, f"serve ended with {code}: {self.serve.tail()}"
        wait_until("the end of the workers", lambda: not any(words(pid) for pid in pids), 5)

    def kill(self):
        for pid in children(self.serve.pid) if self.serve else []:
            os.kill(pid, signal.SIGKILL)
        if self.serve:
            self.serve.kill()

    def supervise(self):
        """Starts again whichever worker has ended, where that is not the server's to do; called now and then by who waits."""


class Spawned(World):
    """Workers that the server starts."""

    def __init__(self, setting, *flags, workers=3, task=None, **options):
        super().__init__(setting, task)
        self.workers, self.flags, self.options = workers, flags, options

    def start(self):
        self.begin()
        self.ready()

    def begin(self):
        self.open("--spawn", self.workers, *self.flags, **self.options)

    def pid(self, name):
        for pid in children(self.serve.pid):
            line = words(pid)
            if "--name" in line and line[line.index("--name") + 1] in (name, own_name(name)):
                return pid
        raise AssertionError(f"{name} has no process")


class Listening(World):
    """Workers w1, w2, … that dial in, started and, when they end, started again as by a supervisor.

    Others dial each through a relay of its own (`data`), and each dials the coordinator through one (`control`).
    """

    def __init__(self, setting, *flags, workers=3, needed=None, relays=False, restarts=False, worker_flags=(),
                 task=None, **options):
        super().__init__(setting, task)
        self.names = [f"w{k + 1}" for k in range(workers)]
        self.flags, self.needed, self.restarts, self.options = flags, needed or workers, restarts, options
        self.has_relays, self.worker_flags = relays, worker_flags
        self.data, self.control, self.members, self.past = {}, {}, {}, []
        self.folder = tempfile.TemporaryDirectory(prefix="gpt2-faults-")
        self.port, self.is_over = free_port(), False
        self.http = free_port()

    def start(self):
        self.begin()
        self.ready()

    def begin(self):
        self.open_again()
        for name in self.names:
            if self.has_relays:
                self.control[name] = Relay(("127.0.0.1", self.port))
                self.data[name] = Relay(("127.0.0.1", free_port()))
            self.join(name)

    def open_again(self):
        """Starts the coordinator, at the same ports as before."""
        self.open("--listen", f"tcp://127.0.0.1:{self.port}", "--workers", self.needed, *self.flags, port=self.http,
                  **self.options)

    def join(self, name, *flags, **options):
        """Starts a worker."""
        if name in self.members:
            self.past.append(self.members[name])
        control, data = self.control.get(name), self.data.get(name)
        command = [self.setting.gpt2, "worker", "--name", name, "--threads", "1",
                   "--coordinator", control.address if control else f"tcp://127.0.0.1:{self.port}"]
        if data:
            command += ["--listen", "tcp://127.0.0.1:%d" % data.target[1], "--advertise", data.address]
        if not {"--cache", "--model", "--demo"} & set(map(str, [*self.worker_flags, *flags])):
            command += self.setting.worker_model
        self.members[name] = Child(name, [*command, *self.worker_flags, *flags], **{**self.options, **options})
        return self.members[name]

    def pid(self, name):
        return self.members[own_name(name)].pid

    def supervise(self):
        for name, child in list(self.members.items()):
            if not child.runs and self.restarts:
                self.join(name)

    def kill(self):
        super().kill()
        for child in [*self.members.values(), *self.past]:
            child.kill()
        for relay in [*self.data.values(), *self.control.values()]:
            relay.close()
        self.folder.cleanup()

    def close(self, seconds=40):
        self.restarts = False
        super().close(seconds)


class Hosts(Listening):
    """Each member on a host of its own in the lab, with a key: the coordinator on host 1, worker wK on host K + 1."""

    def __init__(self, setting, *flags, rate=None, **options):
        super().__init__(setting, *flags, **options)
        self.lab = lab.Lab(len(self.names) + 1, rate)
        self.key = f"{self.folder.name}/key"

    def host(self, name):
        return self.names.index(name) + 2

    def begin(self):
        made = Child("keygen", [self.setting.gpt2, "keygen", self.key])
        assert made.end() == 0, made.tail()
        self.lab.up()
        self.open_again()
        for name in self.names:
            self.join(name)

    def open_again(self):
        self.open("--listen", "tcp://10.77.0.1:7070", "--workers", self.needed, "--key", self.key, *self.flags,
                  port=8080, inside=self.lab.inside(1), namespace=self.lab.namespace(1), **self.options)

    def join(self, name, *flags, **options):
        if name in self.members:
            self.past.append(self.members[name])
        host = self.host(name)
        command = [self.setting.gpt2, "worker", "--name", name, "--threads", "1", "--coordinator", "tcp://10.77.0.1:7070",
                   "--listen", f"tcp://10.77.0.{host}:7071", "--key", self.key]
        if not {"--cache", "--model", "--demo"} & set(map(str, [*self.worker_flags, *flags])):
            command += self.setting.worker_model
        self.members[name] = Child(name, [*command, *self.worker_flags, *flags], inside=self.lab.inside(host), **options)
        return self.members[name]

    def kill(self):
        super().kill()
        self.lab.down()
