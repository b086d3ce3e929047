#!/usr/bin/env python3
"""Clients that come, go and misbehave, for minutes, against a server with two workers.

At the end memory has to be flat, every slot free, every metric right, and every answer that came what it is alone.
Exits with 1 if not.
"""

import argparse
import collections
import json
import os
import random
import socket
import sys
import threading
import time

from check_load import connect, metrics_at_rest
from server import Server

# Megabytes that a process may take more at its peak towards the end than after two minutes: caches of allocators.
GROWTH = 8
REQUESTS = [
    {"prompt": "ROMEO:", "max_tokens": 20, "seed": 1},
    {"prompt": "To be, or not", "max_tokens": 60, "seed": 2, "logprobs": 5, "n": 3},
    {"prompt": [[304] * 180, [40, 457]], "max_tokens": 40, "seed": 3, "echo": True, "logprobs": 1},
    {"prompt": "The king", "max_tokens": 30, "seed": 4, "best_of": 4, "stop": ["\n\n"]},
]


class Soak:
    def __init__(self, server, seconds):
        self.server, self.end = server, time.monotonic() + seconds
        self.counts, self.lock, self.wrong = collections.Counter(), threading.Lock(), []
        # Of answers that came whole, what the metrics have to say at least.
        self.prompt_tokens = self.completion_tokens = 0
        self.alone = [self.answer(request)["choices"] for request in REQUESTS]

    def answer(self, request):
        status, _, text = self.server.call("/v1/completions", request)
        if status == 429:
            return None
        assert status == 200, f"{request} was answered with {status}: {text[:300]}"
        answer = json.loads(text)
        with self.lock:
            self.prompt_tokens += answer["usage"]["prompt_tokens"]
            self.completion_tokens += answer["usage"]["completion_tokens"]
        return answer

    def run(self, name, behave, seed):
        chance = random.Random(seed)
        while time.monotonic() < self.end:
            try:
                behave(self, chance)
                key = name
            except (ConnectionError, TimeoutError, socket.timeout) as problem:
                key = f"{name}: {type(problem).__name__}"
            except Exception as problem:
                key = f"{name}: wrong"
                with self.lock:
                    self.wrong.append(f"{name}: {problem!r}"[:400])
            with self.lock:
                self.counts[key] += 1

    def sleep(self, seconds):
        time.sleep(max(0, min(seconds, self.end - time.monotonic())))


def good(soak, chance):
    index = chance.randrange(len(REQUESTS))
    answer = soak.answer(REQUESTS[index])
    if answer is None:
        return soak.sleep(1)
    assert answer["choices"] == soak.alone[index], f"{REQUESTS[index]} gave {answer['choices']}"


def embedding(soak, chance):
    status, _, text = soak.server.call("/v1/embeddings", {"input": ["a rose"] * chance.randrange(1, 9)})
    assert status in (200, 429), f"{status}: {text}"
    soak.sleep(0.2)


def watching(soak, chance):
    for path in ("/metrics", "/pipeline", "/ready", "/", "/v1/models"):
        status, text = soak.server.get(path)
        assert status == 200, f"GET {path} was answered with {status}: {text[:200]}"
    soak.sleep(0.5)


def refused(soak, chance):
    body = chance.choice([b"{", b"[" * 10_000, b'{"prompt": 1}', b'{"prompt": "a", "n": 1e9}', b"\xff\xfe", b"null"])
    status, _, text = soak.server.call("/v1/completions", body)
    assert status == 400 and "error" in json.loads(text), f"{body[:40]} was answered with {status}: {text[:200]}"
    soak.sleep(0.1)


def aborted(soak, chance):
    """Goes away before, in the midst of, or without regard for the answer."""
    fields = {"prompt": "What say", "max_tokens": 200, "n": chance.randrange(1, 17), "stream": chance.random() < 0.7}
    with connect(soak, fields) as link:
        soak.sleep(chance.random() * 0.3)
        if chance.random() < 0.5:
            link.recv(chance.randrange(1, 5000))
        if chance.random() < 0.5:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def half_closed(soak, chance):
    """Says that it will say no more, and reads."""
    fields = {"prompt": "What say", "max_tokens": 50, "stream": chance.random() < 0.5}
    with connect(soak, fields) as link:
        link.shutdown(socket.SHUT_WR)
        link.settimeout(20)
        while link.recv(65536):
            pass
    soak.sleep(0.1)


def garbage(soak, chance):
    with socket.create_connection((soak.server.host, soak.server.port), timeout=20) as link:
        link.sendall(chance.choice([chance.randbytes(2000), b"\r\n" * 500, b"GET / HTTP/9.9\r\n\r\n", b"POST ",
                                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
                                    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"]))
        link.settimeout(0.5)
        try:
            while link.recv(65536):
                pass
        except TimeoutError:
            pass


def slow_body(soak, chance):
    """A body of which a byte comes now and then, and at last all of it, or none."""
    body = json.dumps({"prompt": "What say", "max_tokens": 4}).encode()
    with socket.create_connection((soak.server.host, soak.server.port), timeout=20) as link:
        link.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body))
        for place in range(len(body) if chance.random() < 0.7 else len(body) // 2):
            link.sendall(body[place : place + 1])
            soak.sleep(chance.random() * 0.1)
            if time.monotonic() > soak.end:
                return
        else:
            if place == len(body) - 1:
                assert link.recv(12) == b"HTTP/1.1 200", "a slow body got no answer"


def slow_reader(soak, chance):
    fields = {"prompt": "What say", "max_tokens": 200, "n": 4, "stream": True, "logprobs": 5}
    with connect(soak, fields, buffer=4096) as link:
        for _ in range(chance.randrange(1, 40)):
            link.recv(2000)
            soak.sleep(0.05)


CLIENTS = [(good, 6), (embedding, 1), (watching, 1), (refused, 1), (aborted, 3), (half_closed, 1), (garbage, 2),
           (slow_body, 3), (slow_reader, 2)]


def judge(soak, memory, seconds):
    """Everything that is wrong at the end."""
    server, problems = soak.server, list(soak.wrong[:5])
    if len(soak.wrong) > 5:
        problems.append(f"and {len(soak.wrong) - 5} more")
    try:
        metrics = metrics_at_rest(server)
        for name, least in (("prompt", soak.prompt_tokens), ("completion", soak.completion_tokens)):
            counted = metrics[f"gpt2_{name}_tokens_total"]
            assert counted >= least, f"{counted} {name} tokens counted, answers had {least}"
        failed = metrics.series("gpt2_http_requests_total", status="500")
        assert failed == 0, f"{failed:.0f} requests ended with 500"
        wrong = [index for index, request in enumerate(REQUESTS)
                 if soak.answer(request)["choices"] != soak.alone[index]]
        assert not wrong, f"requests {wrong} are answered otherwise than at first"
    except AssertionError as problem:
        problems.append(str(problem))
    # What is used goes up and down with what is asked for; its peaks say more than two moments.
    settled = [sizes for at, sizes in memory if at >= min(120, seconds / 5)]
    part = max(1, len(settled) // 4)
    peaks = [[max(sizes[index] for sizes in some) for index in range(3)] for some in (settled[:part], settled[-part:])]
    for name, first, last in zip(["coordinator", "worker 1", "worker 2"], *peaks):
        if last - first > GROWTH:
            problems.append(f"the {name} grew from {first:.0f} to {last:.0f} MB")
    descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    if descriptors > 100:
        problems.append(f"{descriptors} descriptors are open at rest")
    return problems, peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gpt2", help="the built program")
    parser.add_argument("--minutes", type=float, default=10, help="how long (default %(default)s)")
    options = parser.parse_args()
    seconds = options.minutes * 60
    server = Server(options.gpt2, "--spawn", "2", "--log-level", "notice")
    try:
        soak, begin, memory = Soak(server, seconds), time.monotonic(), []
        threads = [threading.Thread(target=soak.run, args=(behave.__name__, behave, f"{behave.__name__} {number}"))
                   for behave, count in CLIENTS for number in range(count)]
        for thread in threads:
            thread.start()
        while time.monotonic() < soak.end:
            memory.append((time.monotonic() - begin, server.resident()))
            if len(memory) % 60 == 1:
                sizes = ", ".join(f"{size:.0f}" for size in memory[-1][1])
                print(f"{memory[-1][0]:4.0f} s: {sum(soak.counts.values())} visits, {sizes} MB", flush=True)
            time.sleep(1)
        for thread in threads:
            thread.join(60)
        memory.append((time.monotonic() - begin, server.resident()))
        problems, peaks = judge(soak, memory, seconds)
        for name, count in sorted(soak.counts.items()):
            print(f"  {count:6d}  {name}")
        code = server.stop()
        if code:
            problems.append(f"exit code {code}")
    finally:
        server.process.kill()
    for problem in problems:
        print(f"FAIL  {problem}")
    sizes = ", ".join(f"{first:.1f} → {last:.1f}" for first, last in zip(*peaks))
    verdict = "NOT as it should be" if problems else "as it should be"
    print(f"{options.minutes:g} minutes, {sum(soak.counts.values())} visits, {soak.completion_tokens} tokens in whole "
          f"answers, peaks in MB of coordinator and workers: {sizes}; {verdict}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
