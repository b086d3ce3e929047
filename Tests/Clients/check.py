#!/usr/bin/env python3
"""Tries a built `gpt2 serve` with the clients that people have, unchanged; Tests/Clients/run installs those.

Every answer is held against what `gpt2 generate`, `score` and `embed` say. Exits with 1 if a check fails.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openai

import check_completions
import check_docs
import check_doors
import check_harness
import check_lifecycle
import check_load
import check_others
import check_refusals
import check_sampling
import check_streams
from program import Program
from server import Server

FOLDER = Path(__file__).parent


class Session:
    """A server, the official client for it, and the program that says what is right."""

    def __init__(self, path, temporary, *flags):
        self.path, self.temporary = path, temporary
        self.program, self.server = Program(path), Server(path, *flags)
        self.client = openai.OpenAI(base_url=self.server.url + "/v1", api_key="none", max_retries=0, timeout=120)
        self.model = self.client.models.list().data[0].id

    def complete(self, prompt, **fields):
        return self.client.completions.create(model=self.model, prompt=prompt, **fields)

    def raw(self, prompt, **fields):
        """The answer's text, since the client's own numbers are no longer as they were written."""
        return self.client.completions.with_raw_response.create(model=self.model, prompt=prompt, **fields).text


class Report:
    def __init__(self, wanted):
        self.wanted, self.passed, self.failed = wanted, 0, 0

    def wants(self, name):
        return not self.wanted or any(part in name for part in self.wanted)

    def run(self, name, check, *arguments):
        if not self.wants(name):
            return
        begin = time.monotonic()
        try:
            note = check(*arguments)
            self.passed += 1
            print(f"ok    {name}: {note} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception as problem:
            self.failed += 1
            text = " ".join(str(problem).split()) or type(problem).__name__
            kind = "" if isinstance(problem, AssertionError) else type(problem).__name__ + ": "
            print(f"FAIL  {name}: {kind}{text[:1000]}", flush=True)


def checks(module):
    for name, check in vars(module).items():
        if name.startswith("check_") and check.__module__ == module.__name__:
            yield f"{module.__name__.removeprefix('check_')}.{name.removeprefix('check_')}", check


def check_page(session):
    command = [sys.executable, FOLDER.parent / "Browser" / "check_page.py", session.server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    *lines, last = done.stdout.splitlines() or [""]
    failures = [line for line in lines if line.startswith("FAIL")] or [done.stderr.strip()]
    assert done.returncode == 0, "; ".join(failures)
    return last


def check_end(session):
    code = session.server.stop()
    assert code == 0, f"exit code {code}"
    return "exit code 0 after SIGTERM"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gpt2", help="the built program")
    parser.add_argument("checks", nargs="*", help="parts of names; all checks without")
    options = parser.parse_args()
    report = Report(options.checks)
    answers = [check_completions, check_sampling, check_streams, check_refusals]
    with tempfile.TemporaryDirectory(prefix="gpt2-clients-") as folder:
        for name, flags, modules in (
            ("one stage", ["--stages", "1"], answers),
            ("two workers", ["--spawn", "2"], [*answers, check_harness, check_others, check_docs, check_load]),
        ):
            todo = [(f"{name}: {key}", check) for module in modules for key, check in checks(module)]
            if name == "two workers":
                todo.append((f"{name}: page", check_page))
            todo = [(key, check) for key, check in todo if report.wants(key)]
            if not todo:
                continue
            session = Session(options.gpt2, Path(folder), *flags)
            try:
                for key, check in todo:
                    report.run(key, check, session)
                report.run(f"{name}: end", check_end, session)
            finally:
                session.server.process.kill()
        for module in (check_lifecycle, check_doors):
            for key, check in checks(module):
                report.run(key, check, options.gpt2, Path(folder))
    if not report.passed + report.failed:
        sys.exit(f"no check is called {' or '.join(options.checks)}")
    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
