"""A running `gpt2 serve`, and what it says of itself."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

SAMPLE = re.compile(r'^([a-z0-9_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


def wait_until(what, condition, seconds):
    """How long it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - begin


class Metrics:
    """One answer to GET /metrics."""

    def __init__(self, text):
        self.values, kinds = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                assert name not in kinds, f"{name} is declared twice"
                kinds[name] = kind
            elif not line.startswith("#"):
                found = SAMPLE.match(line)
                assert found, f"no sample of Prometheus's: {line!r}"
                key = (found[1], found[2] or "")
                assert key not in self.values, f"{line!r} comes twice"
                family = re.sub("_(bucket|sum|count)$", "", found[1])
                assert found[1] in kinds or kinds.get(family) == "histogram", f"{found[1]} has no type"
                self.values[key] = float(found[3])

    def __getitem__(self, name):
        """The sum over a metric's series."""
        values = [value for (key, _), value in self.values.items() if key == name]
        assert values, f"there is no metric {name}"
        return sum(values)

    def series(self, name, **labels):
        """The sum over the series with these labels, 0 where there are none yet."""
        parts = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for (key, found), value in self.values.items()
                   if key == name and all(part in found for part in parts))


class Server:
    def __init__(self, program, *flags, is_ready=True):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="gpt2-serve-")
        self.process = subprocess.Popen(
            [program, "serve", "--http", "127.0.0.1:0", *flags], stdout=self.log, stderr=self.log)
        try:
            wait_until("listening", self.listens, 60)
            self.url = re.search(r"url=(http://\S+)", self.said())[1]
            self.host, port = self.url.removeprefix("http://").split(":")
            self.port = int(port)
            if is_ready:
                wait_until("/ready", lambda: self.get("/ready")[0] == 200, 60)
        except BaseException:
            self.process.kill()
            raise

    def said(self):
        return open(self.log.name).read()

    def listens(self):
        assert self.process.poll() is None, f"gpt2 serve ended with {self.process.returncode}: {self.said()}"
        return "url=http" in self.said()

    def call(self, path, body=None, headers=None):
        """Status, headers and text of the answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def get(self, path):
        status, _, text = self.call(path)
        return status, text

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, f"GET /metrics answered {status}"
        return Metrics(text)

    def is_idle(self):
        metrics = self.metrics()
        return not sum(metrics[f"gpt2_{name}"] for name in (
            "texts", "requests_running", "requests_waiting", "cache_slots_used", "micro_batches_in_flight"))

    def workers(self):
        listing = subprocess.run(["ps", "--ppid", str(self.process.pid), "-o", "pid="], capture_output=True, text=True)
        return [int(pid) for pid in listing.stdout.split()]

    def resident(self):
        """Resident megabytes of the coordinator and of each worker."""
        def size(pid):
            for line in open(f"/proc/{pid}/status"):
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) / 1024
        return [size(pid) for pid in [self.process.pid, *self.workers()]]

    def signal(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=40):
        """Asks it to end, and gives back its exit code."""
        workers = self.workers()
        self.signal()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running {seconds} s after SIGTERM") from None
        wait_until("the end of the workers", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), 5)
        return code
