"""Hosts inside this machine: deploy/lab, from here."""

import os
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent.parent.parent / "deploy/lab/lab"


class Lab:
    def __init__(self, hosts, rate=None):
        self.hosts, self.rate, self.name = hosts, rate, f"faults-{os.getpid()}"

    def say(self, *words):
        done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "GPT2_LAB": self.name})
        assert done.returncode == 0, f"lab {' '.join(map(str, words))}: {done.stderr.strip()}"

    def up(self):
        self.say("up", self.hosts, *(["--rate", self.rate] if self.rate else []))

    def down(self):
        self.say("down")

    def namespace(self, host):
        return f"{self.name}-{host}"

    def inside(self, host):
        """What a command begins with that runs on a host."""
        return ["ip", "netns", "exec", self.namespace(host)]

    def cut(self, host, *way):
        self.say("cut", host, *way)

    def heal(self, host):
        self.say("heal", host)

    def loss(self, host, percent):
        self.say("loss", host, percent)


def obstacle():
    """Why there can be no lab here; None where there can."""
    lab = Lab(1)
    try:
        for words in ("up", 1), ("cut", 1), ("down",):
            lab.say(*words)
        return None
    except (AssertionError, OSError) as problem:
        return str(problem)
