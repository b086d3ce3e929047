"""A relay of TCP connections that can be made to fail as networks do: slow, cut in pieces, reset, swallowed, half-open."""

import collections
import random
import selectors
import socket
import struct
import threading
import time

# Bytes that one direction of a connection holds at most.
ROOM = 256 << 10


class Way:
    """One direction of a connection."""

    def __init__(self, source, sink, is_up):
        self.source, self.sink, self.is_up = source, sink, is_up
        self.pieces, self.held = collections.deque(), 0  # (when it is due, bytes)
        self.free_at = 0.0  # when the line has room for the next byte
        self.has_ended = False


class Relay:
    """Up is the way from who dialled to who listens.

    `delay` seconds, `rate` bytes a second and `slice` bytes at a time shape what goes through. `holds` and `swallows` are ways
    ("up", "down") on which nothing comes through: kept until it is let go on, or thrown away.
    """

    def __init__(self, target, host="127.0.0.1"):
        self.target = target
        self.delay, self.rate, self.slice = 0.0, None, None
        self.holds, self.swallows, self.refuses = set(), set(), False
        self.ways, self.kept, self.orders = [], [], collections.deque()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.host, self.port = host, listen_low(self.listener, host)
        self.listener.setblocking(False)
        self.alarm, self.bell = socket.socketpair()
        self.alarm.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.is_over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"tcp://{self.host}:{self.port}"

    # What goes wrong.

    def reset(self):
        """Both sides are told that their connection has ended; new ones come about."""
        self.do(lambda: [self.drop(way.source, way.sink) for way in self.ways if way.is_up])

    def half_open(self):
        """Who dialled is told so, who listens keeps its end and hears nothing more: a router that forgot the connection."""
        def half():
            for way in [way for way in self.ways if way.is_up]:
                self.kept.append(way.sink)
                self.drop(way.source)
        self.do(half)

    def swallow(self, *ways):
        self.do(lambda: self.swallows.update(ways or ("up", "down")))

    def hold(self, *ways):
        self.do(lambda: self.holds.update(ways or ("up", "down")))

    def refuse(self):
        self.do(lambda: setattr(self, "refuses", True))

    def heal(self):
        """What was held goes on. Connections of which something was swallowed are of no use any more, and end."""
        def mend():
            if self.swallows or self.kept:
                for way in [way for way in self.ways if way.is_up and self.swallows]:
                    self.drop(way.source, way.sink)
                for end in self.kept:
                    self.drop(end)
                self.kept = []
            self.holds, self.swallows, self.refuses = set(), set(), False
        self.do(mend)

    def close(self):
        self.is_over = True
        self.bell.send(b".")
        self.thread.join(5)

    # The loop.

    def do(self, order):
        """Has the loop do it, and waits for that."""
        done = threading.Event()
        self.orders.append((order, done))
        self.bell.send(b".")
        assert done.wait(5), "the relay does not answer"

    def run(self):
        while not self.is_over:
            for key, _ in self.watch():
                if key.fileobj is self.alarm:
                    self.alarm.recv(4096)
                elif key.fileobj is self.listener:
                    self.accept()
            while self.orders:
                order, done = self.orders.popleft()
                order()
                done.set()
            for way in list(self.ways):
                for act in (self.take, self.give):
                    if way in self.ways:
                        act(way)
        for way in list(self.ways):
            self.drop(way.source, way.sink)
        for end in (self.listener, self.alarm, self.bell, *self.kept):
            end.close()

    def watch(self):
        """Waits for those sockets that something can be done with."""
        now, next_due, wanted = time.monotonic(), 1.0, {self.alarm: 1, self.listener: 1}
        for way in self.ways:
            if way.held < ROOM and not way.has_ended and self.name(way) not in self.holds:
                wanted[way.source] = wanted.get(way.source, 0) | selectors.EVENT_READ
            if way.pieces and self.name(way) not in self.holds:
                if way.pieces[0][0] <= now:
                    wanted[way.sink] = wanted.get(way.sink, 0) | selectors.EVENT_WRITE
                next_due = min(next_due, max(0.001, way.pieces[0][0] - now))
        for key in list(self.selector.get_map().values()):
            if key.fileobj not in wanted:
                self.selector.unregister(key.fileobj)
        for end, events in wanted.items():
            try:
                if self.selector.get_key(end).events != events:
                    self.selector.modify(end, events)
            except KeyError:
                self.selector.register(end, events)
        return self.selector.select(next_due)

    @staticmethod
    def name(way):
        return "up" if way.is_up else "down"

    def accept(self):
        near, _ = self.listener.accept()
        far = socket.socket()
        try:
            if self.refuses:
                raise ConnectionRefusedError
            far.connect(self.target)
        except OSError:
            near.close()
            far.close()
            return
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ways += [Way(near, far, True), Way(far, near, False)]

    def take(self, way):
        while way.held < ROOM and not way.has_ended and self.name(way) not in self.holds:
            try:
                data = way.source.recv(self.slice or 65536)
            except BlockingIOError:
                return
            except OSError:
                return self.drop(way.source, way.sink)
            if self.name(way) in self.swallows:
                if not data:
                    way.has_ended = True
                continue
            now = time.monotonic()
            way.free_at = max(way.free_at, now) + (len(data) / self.rate if self.rate else 0)
            way.pieces.append((way.free_at + self.delay, data))
            way.held += len(data)
            way.has_ended = not data

    def give(self, way):
        while way.pieces and way.pieces[0][0] <= time.monotonic() and self.name(way) not in self.holds:
            due, data = way.pieces.popleft()
            if not data:
                return self.drop(way.source, way.sink, hard=False)
            try:
                sent = way.sink.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return self.drop(way.source, way.sink)
            way.held -= sent
            if sent < len(data):
                way.pieces.appendleft((due, data[sent:]))
                return

    def drop(self, *ends, hard=True):
        """Closes these ends; a connection that has lost one is no connection any more."""
        self.ways = [way for way in self.ways if way.source not in ends and way.sink not in ends]
        for end in ends:
            if end.fileno() >= 0:
                if end in self.selector.get_map():
                    self.selector.unregister(end)
                if hard:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.close()


def listen_low(listener, host="127.0.0.1"):
    """Listens at a free port below those that the system gives to who dials."""
    port = free_port(host, listener)
    listener.listen(64)
    return port


def free_port(host="127.0.0.1", listener=None):
    for _ in range(200):
        port = random.SystemRandom().randrange(10000, 32000)
        end = listener or socket.socket()
        try:
            end.bind((host, port))
            return port
        except OSError:
            continue
        finally:
            if listener is None:
                end.close()
    raise AssertionError("no port is free")
