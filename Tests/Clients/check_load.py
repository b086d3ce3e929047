"""Many clients at once, those that go away, those that read slowly; and metrics that add up after all of it."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai

from program import literal
from server import wait_until

# More texts than there are slots, each as long as the model allows: seconds of work for the demo model.
HEAVY = {"prompt": [[304], [40], [11], [198]], "n": 32, "max_tokens": 250, "logit_bias": {"1023": -100}}


def connect(session, fields, **options):
    """A completion asked for over a socket of our own, of which nothing is read."""
    body = json.dumps(fields).encode()
    link = socket.socket()
    if "buffer" in options:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["buffer"])
    link.settimeout(60)
    link.connect((session.server.host, session.server.port))
    link.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return link


def choices(session, index, prompt):
    """One client's answer without what differs from call to call."""
    raw = session.raw(prompt, seed=index, temperature=0.9, logprobs=2, max_tokens=16 + index, echo=index % 4 == 0)
    return literal(raw)["choices"]


def check_32_clients(session):
    """Prompts from 8 to 200 tokens: every answer is what it is alone."""
    text = "Now is the winter of our discontent made glorious summer by this sun of York; " * 12
    tokens = session.program.tokens(text)
    prompts = [tokens[index : index + 8 + index * 192 // 31] for index in range(32)]
    assert len(prompts[0]) == 8 and len(prompts[-1]) == 200
    begin = time.monotonic()
    alone = [choices(session, index, prompt) for index, prompt in enumerate(prompts)]
    one_by_one = time.monotonic() - begin
    fastest = one_by_one
    for _ in range(3):
        begin = time.monotonic()
        with ThreadPoolExecutor(32) as pool:
            together = list(pool.map(lambda item: choices(session, *item), enumerate(prompts)))
        fastest = min(fastest, time.monotonic() - begin)
        for index, (one, other) in enumerate(zip(alone, together, strict=True)):
            assert one == other, f"client {index}: {other} is not {one}"
    return f"3 × 32, equal to each alone; {one_by_one:.2f} s one by one, {fastest:.2f} s at once"


def check_gone_clients(session):
    """Whoever hangs up gives back all slots within a second, streaming or not, and by reset too."""
    times, before = [], session.server.metrics()
    for stream in (True, False):
        for hang_up in ("close", "reset"):
            written = session.server.metrics()["gpt2_completion_tokens_total"]
            link = connect(session, {**HEAVY, "stream": stream})
            wait_until("work", lambda: session.server.metrics()["gpt2_cache_slots_used"] == 32, 5)
            if stream:
                assert link.recv(100).startswith(b"HTTP/1.1 200")
            if hang_up == "reset":
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            link.close()
            what = f"giving back the slots of a {'streaming ' * stream}client ({hang_up})"
            times.append(wait_until(what, session.server.is_idle, 1))
            written = session.server.metrics()["gpt2_completion_tokens_total"] - written
            assert written < 128 * 250, f"all {written:.0f} tokens were written for nobody"
    after = session.server.metrics()
    failed = after.series("gpt2_http_requests_total", status="500") - before.series(
        "gpt2_http_requests_total", status="500")
    assert failed == 0, f"{failed:.0f} of 4 clients that went away are counted as failures of the server"
    assert after["gpt2_http_abandoned_total"] - before["gpt2_http_abandoned_total"] == 4
    return f"four ways, idle after {max(times):.2f} s at the latest"


def beside(session, count, reads):
    """How long a short completion takes beside a stream of `count` texts that is read fast, or not at all."""
    fields = {**HEAVY, "prompt": HEAVY["prompt"][: max(1, count // 32)], "n": min(count, 32), "logprobs": 20}

    def read():
        try:
            while link.recv(1 << 20):
                pass
        except OSError:
            pass

    with connect(session, {**fields, "stream": True}, buffer=4096 if not reads else 1 << 20) as link:
        assert link.recv(12) == b"HTTP/1.1 200"
        if reads:
            threading.Thread(target=read, daemon=True).start()
        # Time for an unread stream to fill all that is between it and its reader.
        time.sleep(0.2 if reads else 3)
        held, begin = session.server.metrics()["gpt2_cache_slots_used"], time.monotonic()
        try:
            session.client.with_options(timeout=15).completions.create(model=session.model, prompt="Hi", max_tokens=8)
        except openai.APITimeoutError:
            message = f"no answer in 15 s beside {count} texts, which hold {held:.0f} slots"
            raise AssertionError(message if reads else message + ", unread") from None
        took = time.monotonic() - begin
        # Ends the thread that reads, too.
        link.shutdown(socket.SHUT_RDWR)
    wait_until("giving back the reader's slots", session.server.is_idle, 5)
    return took


def check_slow_reader(session):
    """Whoever does not read a stream holds up others no more than who reads it fast."""
    notes = []
    for count in (1, 32, 128):
        # What else the machine does may fall on one of the two.
        for _ in range(3):
            fast, slow = beside(session, count, True), beside(session, count, False)
            if slow < 2 * fast + 1:
                break
        assert slow < 2 * fast + 1, f"{slow:.1f} s beside {count} texts unread, {fast:.1f} s if they are read"
        notes.append(f"{slow:.2f} s beside {count} texts unread ({fast:.2f} s read)")
    return "a short completion takes " + ", ".join(notes)


def settled(server, seconds):
    """The metrics of an idle server that counts no more clients that went away: they count when their last line is written,
    which may be after their slots are free."""
    wait_until("idleness", server.is_idle, seconds)
    end, metrics = time.monotonic() + seconds, server.metrics()
    while True:
        time.sleep(0.5)
        last, metrics = metrics, server.metrics()
        if metrics["gpt2_http_abandoned_total"] == last["gpt2_http_abandoned_total"]:
            return metrics
        assert time.monotonic() < end, f"clients of an idle server are still counted as gone after {seconds} s"


def check_metrics(session):
    """Counters move by what was asked for and answered, for whole, streamed, refused and abandoned requests."""
    before = settled(session.server, 10)
    usages, lock = [], threading.Lock()

    def ask(index):
        fields = {"max_tokens": 5 + index, "n": 1 + index % 3, "seed": index}
        if index % 2:
            usage = session.complete("What say you", **fields).usage
        else:
            stream = session.complete("What say you", stream=True, stream_options={"include_usage": True}, **fields)
            usage = [event.usage for event in stream][-1]
        with lock:
            usages.append((usage, fields["n"]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(24)))
    for _ in range(3):
        assert session.server.call("/v1/completions", {"prompt": 7})[0] == 400
    link = connect(session, {**HEAVY, "stream": True})
    wait_until("work", lambda: session.server.metrics()["gpt2_requests_running"] > 0, 5)
    link.close()
    after = settled(session.server, 5)

    def moved(name, **labels):
        return after.series(name, **labels) - before.series(name, **labels)

    def expect(name, value, **labels):
        assert moved(name, **labels) == value, f"{name} {labels} moved by {moved(name, **labels)}, not by {value}"

    requests = "gpt2_http_requests_total"
    expect(requests, 3, route="/v1/completions", status="400")
    expect(requests, 25, route="/v1/completions", status="200")
    expect("gpt2_http_abandoned_total", 1)
    expect("gpt2_prompt_tokens_total", sum(usage.prompt_tokens for usage, _ in usages) + len(HEAVY["prompt"]))
    lost = moved("gpt2_completion_tokens_total") - sum(usage.completion_tokens for usage, _ in usages)
    assert 0 <= lost < 128 * 250, f"{lost} tokens were written for the client that went away"
    first, following = (moved(f"gpt2_time_{name}_seconds_count") for name in ("to_first_token", "between_tokens"))
    texts = sum(count for _, count in usages)
    assert texts <= first <= texts + 128, f"{first} first tokens of {texts} texts and up to 128 more"
    assert first + following == moved("gpt2_completion_tokens_total"), "first and following tokens are not all"
    return f"{texts} texts of 24 requests, 3 refused, 1 abandoned: {moved('gpt2_completion_tokens_total'):.0f} tokens"


def expect_sums(metrics):
    """What holds of any answer to GET /metrics of a server at rest."""
    assert metrics["gpt2_http_requests_running"] == 1, "other requests than this one are running"
    for name in ("gpt2_texts", "gpt2_requests_running", "gpt2_requests_waiting", "gpt2_cache_slots_used",
                 "gpt2_cache_positions_used", "gpt2_micro_batches_in_flight"):
        assert metrics[name] == 0, f"{name} is {metrics[name]:.0f} at rest"
    requests, timed = metrics["gpt2_http_requests_total"], metrics["gpt2_http_request_seconds_count"]
    assert requests == timed, f"{requests} requests counted, {timed} timed"
    written = metrics["gpt2_completion_tokens_total"]
    counted = metrics["gpt2_time_to_first_token_seconds_count"] + metrics["gpt2_time_between_tokens_seconds_count"]
    assert written == counted, f"{written} tokens written, {counted} timed"
    generated = metrics["gpt2_tokens_generated_total"]
    assert generated >= written, f"the engine chose {generated} tokens, {written} were written"
    rows = [value for (name, _), value in metrics.values.items() if name == "gpt2_stage_rows_total"]
    assert len(set(rows)) == 1, f"stages differ in rows: {rows}"
    for name, bound in (("gpt2_stage_busy_ratio", 1), ("gpt2_worker_reconnects_total", 0)):
        assert all(0 <= value <= bound for (key, _), value in metrics.values.items() if key == name), name


def metrics_at_rest(server):
    """The first whose sums hold: now and then the server sends a token of its own through the pipe."""
    end = time.monotonic() + 5
    while True:
        metrics = server.metrics()
        try:
            expect_sums(metrics)
            return metrics
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def check_sums(session):
    """All of the metrics of this server, after everything that was done to it."""
    metrics = metrics_at_rest(session.server)
    return f"{metrics['gpt2_http_requests_total']:.0f} requests, {metrics['gpt2_completion_tokens_total']:.0f} tokens"
