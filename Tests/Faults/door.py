"""The way to a server's HTTP, also where that is on a host of the lab."""

import ctypes
import http.client
import json
import os
import socket
import threading

from clients import Metrics


class Door:
    def __init__(self, port, host="127.0.0.1", namespace=None):
        self.host, self.port, self.namespace = host, port, namespace

    def socket(self):
        """A socket of the server's host."""
        if self.namespace is None:
            return socket.socket()
        made = []

        def make():
            # A thread of its own: what it enters, it need not leave.
            with open(f"/run/netns/{self.namespace}") as place:
                if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), 0):
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            made.append(socket.socket())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def connect(self, seconds=10):
        end = self.socket()
        try:
            end.settimeout(seconds)
            end.connect((self.host, self.port))
        except OSError:
            end.close()
            raise
        return end

    def call(self, path, body=None, seconds=10):
        """Status and text of the answer."""
        link = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        link.sock = self.connect(seconds)
        try:
            if body is None:
                link.request("GET", path, headers={"Connection": "close"})
            else:
                link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()

    def ready(self):
        """Whether it is, and why not."""
        try:
            status, text = self.call("/ready", seconds=2)
        except OSError as problem:
            return False, repr(problem)
        return status == 200, text

    def metrics(self):
        status, text = self.call("/metrics")
        assert status == 200, f"GET /metrics was answered with {status}"
        return Metrics(text)
