"""Pages of other sites, proxies, and clients that take their time or fill the house."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter

from check_lifecycle import free_port, serving

HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


def connect(server, *, timeout=30):
    return socket.create_connection((server.host, server.port), timeout=timeout)


def rest(link):
    """All that comes until the connection ends."""
    data = b""
    while piece := link.recv(1 << 16):
        data += piece
    return data


def check_pages(path, folder):
    """A page of another site cannot call, by its own name or by one that it makes point here."""
    with serving(path, "--cors-origin", "http://a.example", "--allowed-host", "model.example") as sitting:
        server = sitting.server
        for fields, wanted in (
            ({}, 200), ({"Host": "model.example"}, 200), ({"Host": f"localhost:{server.port}"}, 200),
            ({"Host": "evil.example"}, 421), ({"Origin": server.url}, 200), ({"Origin": "http://a.example"}, 200),
            ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
            ({"Origin": "http://evil.example", "Host": "evil.example"}, 421),
        ):
            status, headers, text = server.call("/tokenize", {"prompt": "To be"}, fields)
            assert status == wanted, f"{fields}: {status} {text}"
            allowed = headers["access-control-allow-origin"]
            assert allowed == ("http://a.example" if "a.example" in fields.get("Origin", "") else None), fields
        return json.loads(server.call("/health", headers={"Host": "evil.example"})[2])["error"]["message"]


def check_slow_heads(path, folder):
    """Every head of a connection ends in time, however it comes: the first, a later one, one behind a request."""
    with serving(path) as sitting:
        results = {}

        def drip(name, first, head, byte):
            with connect(sitting.server) as link:
                begin = time.monotonic()
                link.sendall(first + head)
                link.settimeout(0.5)
                data = b""
                while time.monotonic() - begin < 25:
                    try:
                        if byte:
                            link.sendall(byte)
                        piece = link.recv(1 << 16)
                        if not piece:
                            break
                        data += piece
                    except TimeoutError:
                        pass
                    except OSError:
                        break
                results[name] = (time.monotonic() - begin, data.count(b"HTTP/1.1 200"), data.count(b"HTTP/1.1 408"))

        whole = HEAD + b"\r\n"
        cases = {"first": (b"", HEAD, b"x"), "second": (whole, b"GET /", b"x"), "second, in lines": (whole, HEAD, b"A: b\r\n"),
                 "second, then silence": (whole, HEAD, b""), "third": (whole * 2, HEAD + b"X: ", b"y")}
        threads = [threading.Thread(target=drip, args=(name, *case)) for name, case in cases.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, (seconds, answers, late) in results.items():
            assert 14 < seconds < 20 and late == 1, f"{name}: {results[name]}"
            assert answers == (0 if name == "first" else 2 if name == "third" else 1), f"{name}: {results[name]}"
    return f"{len(cases)} of them, 408 after {max(result[0] for result in results.values()):.1f} s"


def check_idle(path, folder):
    """1,200 connections of one address that ask for nothing: /health answers, and most of them are closed."""
    with serving(path) as sitting:
        server, slowest = sitting.server, 0
        for data in (b"", b"G", HEAD, HEAD + b"\r\n", HEAD + b"Content-Length: 100\r\n\r\n"):
            links = []
            for _ in range(1200):
                links.append(connect(server))
                try:
                    links[-1].sendall(data)
                except OSError:
                    pass
            for path in ("/health", "/ready"):
                begin = time.monotonic()
                assert server.get(path)[0] == 200, f"{path} beside 1,200 × {data}"
                slowest = max(slowest, time.monotonic() - begin)
            end = time.monotonic() + 10
            while server.metrics()["gpt2_http_connections"] > 65:
                assert time.monotonic() < end, f"{server.metrics()['gpt2_http_connections']} connections are kept"
                time.sleep(0.1)
            for link in links:
                link.close()
    return f"5 × 1,200, an answer within {slowest:.2f} s"


def check_proxy(path, folder):
    """500 connections at once from one address that all work: nginx as it comes."""
    if not shutil.which("nginx"):
        return "not tried: there is no nginx here"
    port = free_port()
    with serving(path, "--max-requests", "600") as sitting:
        server = sitting.server
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration = folder / "nginx.conf"
        configuration.write_text(f"""
            pid {folder}/nginx.pid; worker_rlimit_nofile 4096;
            events {{ worker_connections 2048; }}
            http {{ access_log off; {temporary}
              server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {server.url}; }} }} }}""")
        proxy = subprocess.Popen(
            ["nginx", "-e", f"{folder}/nginx.log", "-c", str(configuration), "-g", "daemon off;"])
        try:
            answers, ready = Counter(), threading.Barrier(500)

            def ask(index):
                body = json.dumps({"prompt": "Hi", "max_tokens": 8, "seed": index, "stream": index % 2 == 0}).encode()
                ready.wait()
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=120) as link:
                        link.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: model.example\r\nConnection: close\r\n"
                                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
                        answers[rest(link)[9:12].decode()] += 1
                except OSError as error:
                    answers[repr(error)] += 1

            time.sleep(0.5)
            begin = time.monotonic()
            threads = [threading.Thread(target=ask, args=(index,)) for index in range(500)]
            for thread in threads:
                thread.start()
            most = 0
            while any(thread.is_alive() for thread in threads):
                most = max(most, server.metrics()["gpt2_http_connections"])
                time.sleep(0.05)
            assert answers == {"200": 500}, f"{dict(answers)}; nginx: {(folder / 'nginx.log').read_text()[-500:]}"
        finally:
            proxy.terminate()
            proxy.wait()
    return f"500 answers in {time.monotonic() - begin:.1f} s, {most:.0f} connections at once"
