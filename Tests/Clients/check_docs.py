"""Every call of docs/API.md that a shell or Python can make, against this server."""

import json
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "API.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(session, language):
    text = PAGE.read_text().replace("http://127.0.0.1:8080", session.server.url)
    return [code for kind, code in BLOCK.findall(text) if kind == language]


def check_curl(session):
    commands = [line for code in blocks(session, "sh") for line in code.replace("\\\n", " ").splitlines() if line]
    for command in commands:
        # The page says behind the call that its answer is an error.
        wanted = re.search(r"# (\d{3})$", command)
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + command.split("   #")[0] + ' -sS -w "%{http_code}"'],
                              capture_output=True, text=True, timeout=60)
        body, status = done.stdout[:-3], done.stdout[-3:]
        assert status == (wanted[1] if wanted else "200"), f"{command}: {status}, {body or done.stderr}"
        if "-N" in command:
            assert body.endswith("data: [DONE]\n\n"), f"{command}: {body[-200:]}"
        elif not command.endswith("/metrics"):
            json.loads(body)
    assert len(commands) >= 12, f"{len(commands)} calls are on the page"
    return f"{len(commands)} calls"


def check_python(session):
    codes = blocks(session, "python")
    assert len(codes) == 2, f"{len(codes)} programs are on the page"
    for code in codes:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout, done.stderr[-500:]
    return f"{len(codes)} programs"


def check_metrics(session):
    """The page names every metric there is, and no others."""
    text = PAGE.read_text()
    named = set()
    for name in re.findall(r"`(gpt2_[a-z_{},]+)`", text):
        choice = re.search(r"\{(.*)\}", name)
        named |= {name.replace(choice[0], part) for part in choice[1].split(",")} if choice else {name}
    for base, ending in (("gpt2_http_requests", "_running"), ("gpt2_cache_slots", "_used"),
                         ("gpt2_cache_positions", "_used")):
        named.add(base + ending)
    served = set(re.findall(r"^# TYPE (\S+)", session.server.get("/metrics")[1], re.MULTILINE))
    assert named == served, f"not on the page: {served - named}; not served: {named - served}"
    return f"{len(served)} metrics"


def check_fields(session):
    """The page's table of fields has those that the server takes; what is null asks for nothing."""
    table = PAGE.read_text().split("| field |")[1].split("\n\n")[0]
    fields = re.findall(r"`([a-z_]+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert len(fields) == 34, (len(fields), fields)
    for field in fields:
        status, _, text = session.server.call("/v1/completions", {"prompt": "To be", "max_tokens": 1, field: None})
        assert status == 200, f"{field}: {text}"
    return f"{len(fields)} fields"
