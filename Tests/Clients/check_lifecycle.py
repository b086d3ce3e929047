"""Servers that begin, are full, have keys, and end."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time

import openai

from check_load import HEAVY, connect
from check_refusals import refused
from server import Server, wait_until


class Sitting:
    """A server of one check's own."""

    def __init__(self, path, *flags, **options):
        self.server = Server(path, *flags, **options)

    def client(self, key="none"):
        return openai.OpenAI(base_url=self.server.url + "/v1", api_key=key, max_retries=0, timeout=60)


@contextlib.contextmanager
def serving(path, *flags, **options):
    sitting = Sitting(path, *flags, **options)
    try:
        yield sitting
    finally:
        sitting.server.process.kill()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_loading(path, folder):
    """Not ready until a worker has come, with the reason; then ready."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with serving(path, "--listen", address, "--workers", "1", is_ready=False) as sitting:
        server = sitting.server
        assert server.get("/health")[0] == 200
        status, headers, text = server.call("/ready")
        assert status == 503 and headers["retry-after"], f"/ready answered {status} without workers"
        answer = json.loads(text)
        assert answer["status"] == "loading" and "0 of 1 workers" in answer["reason"], answer
        refused(openai.InternalServerError, lambda: sitting.client().completions.create(
            model="gpt2-demo", prompt="To be"), None, "not_ready")
        worker = subprocess.Popen([path, "worker", "--coordinator", address, "--cache", folder / "cache"],
                                  stderr=subprocess.PIPE, text=True)
        try:
            waited = wait_until("/ready", lambda: server.get("/ready")[0] == 200, 30)
            assert sitting.client().completions.create(model="gpt2-demo", prompt="To be").choices[0].text
            assert server.stop() == 0
            # It looks for the server again until it is told to end.
            time.sleep(0.5)
            assert worker.poll() is None, f"the worker ended with the server: {worker.communicate()[1]}"
            worker.terminate()
            said = worker.communicate(timeout=10)[1]
            assert worker.returncode == 0, f"the worker ended with {worker.returncode}: {said}"
        finally:
            worker.kill()
    return f"503 “{answer['reason']}”, ready {waited:.1f} s after its worker began"


def check_waiting_ends(path, folder):
    """A server whose workers never came ends when asked to."""
    with serving(path, "--listen", f"tcp://127.0.0.1:{free_port()}", "--workers", "1", is_ready=False) as sitting:
        begin = time.monotonic()
        code = sitting.server.stop(10)
        assert code == 0, f"exit code {code}: {sitting.server.said()}"
    return f"exit code 0 after {time.monotonic() - begin:.1f} s"


def check_keys(path, folder):
    keys = folder / "keys"
    keys.write_text("# keys of tests\nfirst-key-of-the-tests\n\nsecond-key-of-the-tests\n")
    with serving(path, "--api-key-file", str(keys)) as sitting:
        for key in ("first-key-of-the-tests", "second-key-of-the-tests"):
            sitting.client(key).completions.create(model="gpt2-demo", prompt="To be")
        for key in ("first-key-of-the-test", "first-key-of-the-tests-", "# keys of tests", "x"):
            for call in (sitting.client(key).models.list,
                         lambda: sitting.client(key).completions.create(model="gpt2-demo", prompt="To be")):
                message = refused(openai.AuthenticationError, call, None, "invalid_api_key")
        open_to_all = {path for path in ("/", "/health", "/ready", "/metrics", "/pipeline", "/tokenize")
                       if sitting.server.get(path)[0] == 200}
        assert open_to_all == {"/", "/health", "/ready"}, open_to_all
        assert sitting.server.stop() == 0
    return message


def check_full(path, folder):
    """Beyond --max-requests: 429 with Retry-After, and room again when the others are done."""
    with serving(path, "--max-requests", "4") as sitting:
        client, server = sitting.client(), sitting.server
        link = connect(sitting, {**HEAVY, "stream": True})
        wait_until("work", lambda: server.metrics()["gpt2_texts"] == 128, 5)
        for fields in ({}, {"n": 3}, {"stream": True}):
            try:
                client.completions.create(model="gpt2-demo", prompt="To be", **fields)
                raise AssertionError(f"{fields} was taken")
            except openai.RateLimitError as error:
                seconds = int(error.response.headers["retry-after"])
                assert error.code == "rate_limit_exceeded" and error.type == "rate_limit_error" and seconds > 0
        refused(openai.RateLimitError, lambda: client.embeddings.create(model="gpt2-demo", input="To be"), None,
                "rate_limit_exceeded")
        assert server.metrics().series("gpt2_http_requests_total", status="429") == 4
        link.close()
        wait_until("room", server.is_idle, 1)
        client.completions.create(model="gpt2-demo", prompt="To be", n=4)
        # The official client's own patience: it tries again as Retry-After says.
        link = connect(sitting, {**HEAVY, "stream": True})
        wait_until("work", lambda: server.metrics()["gpt2_texts"] == 128, 5)
        threading.Timer(1, link.close).start()
        client.with_options(max_retries=3).completions.create(model="gpt2-demo", prompt="To be")
        assert server.stop() == 0
    return f"429, to come again in {seconds} s; the client does so by itself"


def check_drain(path, folder):
    """SIGTERM: new requests and /ready get 503, a running stream comes to its end, the exit code is 0."""
    notes = []
    for flags in (["--stages", "1"], ["--spawn", "2"]):
        with serving(path, *flags) as sitting:
            server, client = sitting.server, sitting.client()
            stream = client.completions.create(
                model="gpt2-demo", **{**HEAVY, "prompt": HEAVY["prompt"][:1]}, stream=True,
                stream_options={"include_usage": True})
            next(stream)
            workers = server.workers()
            server.signal()
            wait_until("503", lambda: server.get("/ready")[0] == 503, 1)
            status, text = server.get("/ready")
            assert status == 503 and json.loads(text)["status"] == "draining", text
            assert server.get("/health")[0] == 200
            refused(openai.InternalServerError, lambda: client.completions.create(
                model="gpt2-demo", prompt="To be"), None, "not_ready")
            ends, usage = 0, None
            for event in stream:
                ends += sum(choice.finish_reason is not None for choice in event.choices)
                usage = event.usage or usage
            assert ends == 32 and usage.completion_tokens == 32 * 250, f"{ends} of 32 texts ended, usage {usage}"
            code = server.process.wait(10)
            assert code == 0, f"{flags}: exit code {code}"
            wait_until("the end of the workers", lambda: not any(map(is_running, workers)), 5)
            notes.append(f"{ends} texts to their end")
    return ", ".join(notes)


def is_running(pid):
    return subprocess.run(["kill", "-0", str(pid)], capture_output=True).returncode == 0


def check_drain_limit(path, folder):
    """What has not come to its end within --drain seconds is cut off."""
    with serving(path, "--drain", "1") as sitting:
        link = connect(sitting, {**HEAVY, "stream": True}, buffer=4096)
        wait_until("work", lambda: sitting.server.metrics()["gpt2_texts"] == 128, 5)
        begin = time.monotonic()
        code = sitting.server.stop(10)
        waited = time.monotonic() - begin
        link.close()
        assert code == 0 and 1 <= waited < 6, f"exit code {code} after {waited:.1f} s"
    return f"exit code 0 after {waited:.1f} s"


def check_second_signal(path, folder):
    for flags in (["--stages", "1"], ["--spawn", "2"]):
        with serving(path, *flags) as sitting:
            server = sitting.server
            link = connect(sitting, {**HEAVY, "stream": True})
            wait_until("work", lambda: server.metrics()["gpt2_texts"] == 128, 5)
            workers = server.workers()
            server.signal()
            wait_until("503", lambda: server.get("/ready")[0] == 503, 1)
            begin = time.monotonic()
            server.signal()
            code = server.process.wait(5)
            waited = time.monotonic() - begin
            assert code == -signal.SIGTERM and waited < 1, f"{flags}: exit code {code} after {waited:.1f} s"
            wait_until("the end of the workers", lambda: not any(map(is_running, workers)), 10)
            link.close()
    return f"ended by the signal after {waited:.2f} s, workers too"
