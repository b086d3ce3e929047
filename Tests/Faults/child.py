"""A process that was started here, and the lines that it writes, each with the instant at which it came."""

import os
import signal
import subprocess
import threading
import time


class Child:
    """Its output and its errors are lines of one log, or its output goes to a file."""

    def __init__(self, name, command, *, inside=(), output=None, **options):
        self.name, self.command, self.lines = name, [*inside, *map(str, command)], []
        self.started = time.monotonic()
        self.news = threading.Condition()
        reading, writing = os.pipe()
        with open(output or os.devnull, "wb") as file:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=file if output else writing,
                                            stderr=writing, **options)
        os.close(writing)
        self.log, self.pid = open(reading, "rb"), self.process.pid
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.log:
            with self.news:
                self.lines.append((time.monotonic(), line.decode(errors="replace").rstrip("\n")))
                self.news.notify_all()
        with self.news:
            self.log.close()
            self.news.notify_all()

    def since(self, instant):
        with self.news:
            return [(at, line) for at, line in self.lines if at >= instant]

    def line(self, text, since=0, seconds=30):
        """The first line with this in it, waited for: its instant and what it says."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                for at, line in self.lines:
                    if at >= since and text in line:
                        return at, line
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise AssertionError(f"{self.name} did not say “{text}”; it said: {self.tail()}")
                self.news.wait(min(left, 0.2))

    def tail(self, count=6):
        return " | ".join(line for _, line in self.lines[-count:]) or "nothing"

    @property
    def runs(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.runs:
            self.process.send_signal(number)

    def end(self, seconds=10):
        """Waits for the end, and gives back the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s; it said: {self.tail()}") from None

    def kill(self):
        """However it is: a process that is stopped dies of this too."""
        self.signal(signal.SIGKILL)
        self.process.wait(10)


def children(pid):
    """Processes that a process has started, on whichever of its threads."""
    found = set()
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found.update(map(int, file.read().split()))
    except FileNotFoundError:
        pass
    return sorted(found)


def words(pid):
    """A process's command line; empty if it has none any more."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [word.decode() for word in file.read().split(b"\0")[:-1]]
    except (FileNotFoundError, ProcessLookupError):
        return []


def resident(pid):
    """Megabytes."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))
