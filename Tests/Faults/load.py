"""Clients that ask and read, all of them in one thread, which keeps every piece of an answer with its instant."""

import json
import selectors
import threading
import time


class Exchange:
    """A request, and what came of it."""

    def __init__(self, path, body, client):
        self.path, self.body, self.client = path, body, client
        self.pieces = []  # (instant, bytes)
        self.started = self.ended = None
        self.problem = None

    @property
    def key(self):
        return json.dumps([self.path, self.body])

    def bytes(self):
        return b"".join(data for _, data in self.pieces)

    def request(self, host):
        # To HTTP/1.0 an answer comes without chunks, and the connection ends with it.
        body = json.dumps(self.body).encode()
        return (b"POST %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (self.path.encode(), host.encode(), len(body)) + body)

    def token_times(self):
        """Instants at which tokens of a stream came."""
        return [at for at, data in self.pieces for _ in range(data.count(b'data: {"'))]


class Load:
    """A client for each of `requests`, each a path and a body.

    Without `repeats` each asks once. With it each asks again and again until `finish` is called, and then reads to the end what
    it has asked for.
    """

    def __init__(self, door, requests, repeats=False):
        self.door, self.requests, self.repeats = door, requests, repeats
        self.exchanges, self.tokens, self.open = [], 0, {}
        self.latest, self.silence = None, 0.0  # when a token came, and the longest time without any
        self.selector = selectors.DefaultSelector()
        self.news = threading.Condition()
        self.is_finishing = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.started = time.monotonic()
        self.thread.start()
        return self

    def run(self):
        for client in range(len(self.requests)):
            self.ask(client)
        while self.open:
            for key, _ in self.selector.select(0.2):
                self.take(key.fileobj, self.open[key.fileobj])
        with self.news:
            self.news.notify_all()

    def ask(self, client):
        path, body = self.requests[client]
        exchange = Exchange(path, body, client)
        self.exchanges.append(exchange)
        exchange.started = time.monotonic()
        try:
            end = self.door.connect()
            end.sendall(exchange.request(self.door.host))
            end.setblocking(False)
        except OSError as problem:
            exchange.problem, exchange.ended = problem, time.monotonic()
            return
        self.open[end] = exchange
        self.selector.register(end, selectors.EVENT_READ)

    def take(self, end, exchange):
        try:
            data = end.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as problem:
            data, exchange.problem = b"", problem
        now = time.monotonic()
        if data:
            exchange.pieces.append((now, data))
            count = data.count(b'data: {"')
            if count:
                self.latest, self.silence = now, max(self.silence, now - (self.latest or now))
                with self.news:
                    self.tokens += count
                    self.news.notify_all()
            return
        exchange.ended = now
        self.selector.unregister(end)
        del self.open[end]
        end.close()
        if self.repeats and not self.is_finishing:
            self.ask(exchange.client)

    def reach(self, tokens, seconds=60):
        """Waits until so many events have come, or all answers have."""
        with self.news:
            self.news.wait_for(lambda: self.tokens >= tokens or not self.thread.is_alive(), seconds)
            assert self.tokens >= tokens or not self.thread.is_alive(), (
                f"{self.tokens} of {tokens} tokens came within {seconds} s")

    def finish(self, seconds=60):
        """Waits until all that was asked has been answered; what has not by then never ends."""
        self.is_finishing = True
        self.thread.join(seconds)
        return self.exchanges
