"""A browser's sessions with a running server, and the hands of a person in them."""

import json
import math
import time
import urllib.error
import urllib.request

PROMPT = "To be, or not"
SAMPLING = {"max_tokens": 32, "temperature": 0.7, "top_k": 50, "top_p": 0.98, "seed": 11}
FIELDS = {"max-tokens": "max_tokens", "temperature": "temperature", "top-k": "top_k", "top-p": "top_p", "seed": "seed"}
STATE = "document.body.dataset.state"
TEXT = "document.getElementById('continuation').textContent"
TOKENS = "#continuation > span"
IDLE = "!document.body.hasAttribute('data-running')"
# What Chromium itself writes for an answer with an error status, or for none.
LOAD_FAILED = "Failed to load resource"


class Server:
    """The API, called without the page."""

    def __init__(self, url, key):
        self.url, self.key = url.rstrip("/"), key

    def headers(self):
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def call(self, path, body=None):
        """Status and JSON of the answer."""
        headers = {"Content-Type": "application/json", **self.headers()}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metrics(self):
        """The lines of /metrics, by name and labels."""
        with urllib.request.urlopen(urllib.request.Request(self.url + "/metrics", None, self.headers()), timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def pipeline(self):
        status, answer = self.call("/pipeline")
        assert status == 200, f"GET /pipeline answered {status}: {answer}"
        return answer

    def complete(self, **parameters):
        return self.call("/v1/completions", {"model": self.pipeline()["model"]["id"], **parameters})


class Session:
    """Pages in one browser; remembers what they asked for and what they complained of."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server
        self.requests, self.complaints = [], []

    def open(self, expects_errors=False, prepare=None, **context):
        """- prepare: called with the page before anything is loaded."""
        page = self.browser.new_context(**context).new_page()
        page.set_default_timeout(15_000)
        if prepare:
            prepare(page)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("console", lambda message: self.hear(message, expects_errors))
        answer = page.goto(self.server.url + "/")
        assert answer.status == 200, f"GET / answered {answer.status}"
        policy = answer.headers.get("content-security-policy", "")
        assert "default-src 'none'" in policy, f"the page came with the policy {policy!r}"
        if self.server.key:
            wait_until(page, f"{STATE} === 'key'")
            page.keyboard.type(self.server.key)
            page.keyboard.press("Enter")
        wait_until(page, f"{STATE} === 'ready'")
        return page

    def hear(self, message, expects_errors):
        # With a key, the first question is asked without one.
        expected = LOAD_FAILED in message.text and (expects_errors or (self.server.key and "401" in message.text))
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console {message.type}: {message.text}")


def wait_until(page, condition, seconds=30):
    """Playwright's own wait_for_function evaluates inside the page, where its policy forbids that."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            said = page.evaluate("['message', 'status'].map((id) => document.getElementById(id).textContent)")
            raise AssertionError(f"not within {seconds} s: {condition}; the page says {said}")
        page.wait_for_timeout(20)


def tab_to(page, target, key="Tab"):
    """Presses Tab until the element with this id, or a token, has the focus."""
    for _ in range(40):
        if page.evaluate("(id) => document.activeElement.id === id || (id === 'token' && "
                         "document.activeElement.role === 'option')", target):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {target}")


def type_into(page, field, text):
    tab_to(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type(str(text))


def fill(page, prompt=PROMPT, **sampling):
    page.fill("#prompt", prompt)
    for field, name in FIELDS.items():
        page.fill("#" + field, str({**SAMPLING, **sampling}[name]))


def shown_chances(page):
    """The percentages in the box of alternatives."""
    rows = page.locator("#alternatives li .number").all_text_contents()
    return [float(row.removesuffix(" %").replace(",", "")) for row in rows]


def expect_chances(page, logprobs, index):
    top = {**logprobs["top_logprobs"][index], logprobs["tokens"][index]: logprobs["token_logprobs"][index]}
    wanted = sorted((100 * math.exp(value) for value in top.values()), reverse=True)
    shown = shown_chances(page)
    close = len(shown) == len(wanted) and all(abs(a - b) < 0.06 for a, b in zip(shown, wanted))
    assert close, f"alternatives of token {index}: the page shows {shown}, the API says {wanted}"


def whole_token(logprobs, start):
    """The first token from `start` on that is text by itself, as are all before it: there token and span agree."""
    for index, token in enumerate(logprobs["tokens"]):
        assert not token.startswith("bytes:"), f"the prompt's continuation has a broken character at token {index}"
        if index >= start:
            return index
    raise AssertionError(f"the continuation has fewer than {start + 1} tokens")
