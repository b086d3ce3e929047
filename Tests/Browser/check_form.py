"""The fields of a completion: what they begin with, their limits, what is kept, what can be done with a text."""

import json
import re
from pathlib import Path

from person import FIELDS, IDLE, PROMPT, SAMPLING, STATE, TEXT, TOKENS, fill, wait_until

MAKEFILE = Path(__file__).parents[2] / "Makefile"
# Text that would do something, were it taken as markup.
MARKUP = "<img src=x onerror=window.hit=1>"


def hint(page, field):
    """What stands at a field, for eyes and for screen readers."""
    return page.inner_text("#" + page.get_attribute("#" + field, "aria-describedby"))


def run(page):
    page.click("#run")
    wait_until(page, "document.querySelector('#status').textContent !== 'Running …' && " + IDLE)
    return page.inner_text("#status")


def with_pipeline(change):
    """Lets the server say something else of itself."""
    def answer(route):
        response = route.fetch()
        if not response.ok:  # Without a key it says nothing.
            return route.fulfill(response=response)
        body = response.json()
        change(body)
        route.fulfill(response=response, json=body)

    return lambda page: page.route(re.compile("/pipeline"), answer)


def with_model(**changes):
    return with_pipeline(lambda body: body["model"].update(changes))


def check_beginning(session):
    """The page begins with what `make demo` does, and says when the model is a toy."""
    demo = re.search(r"^\t@\$\(GPT2\) generate (.*)", MAKEFILE.read_text(), re.MULTILINE)[1]
    page = session.open(prepare=with_model(is_demo=True))
    assert page.input_value("#prompt") == re.match('"(.*?)"', demo)[1], "the page has another prompt than make demo"
    for field, without in (("max-tokens", None), ("temperature", "1"), ("top-k", "0"), ("top-p", "1")):
        flag = re.search(rf"--{field} (\S+)", demo)
        wanted = flag[1] if flag else without
        assert page.input_value(f"#{field}") == wanted, f"{field} is {page.input_value('#' + field)}, in make demo {wanted}"
    assert "toy" in page.inner_text("#toy") and "--model DIR" in page.inner_text("#toy"), "the page does not say it is a toy"
    page = session.open(prepare=with_model(is_demo=False))
    assert page.input_value("#prompt") and "ROMEO" not in page.input_value("#prompt"), "Romeo speaks to every model"
    assert not page.is_visible("#toy"), "every model is called a toy"
    return f"begins as make demo does: {demo}"


def check_small_model(session):
    page = session.open(prepare=with_model(context=16))
    wait_until(page, "document.querySelector('#max-tokens').max < 16")
    assert int(page.input_value("#max-tokens")) < 16 and page.evaluate("fields.check()"), "begins with too many tokens"
    return f"begins with {page.input_value('#max-tokens')} tokens"


def check_limits(session):
    """Each field says its limits, and marks what is beyond them before anything is sent."""
    page, context = session.open(), session.server.pipeline()["model"]["context"]
    fill(page)
    count = session.server.call("/tokenize", {"prompt": PROMPT, "add_special_tokens": True})[1]["count"]
    left = context - count
    wait_until(page, f"document.querySelector('#max-tokens').max === '{left}'")
    assert f"{count} tokens" in hint(page, "prompt") and f"{left:,}" in hint(page, "max-tokens"), "the room left is not said"
    asked = len([url for url in session.requests if "completions" in url])
    for field, wrongs, limits in (
        ("temperature", ["2.1", "-1", "", "1e9"], "0 to 2"), ("top-p", ["1.5", "-0.1"], "0 to 1"),
        ("top-k", ["-1", "1.5", ""], "0 or more"), ("seed", ["-1", "0.5"], "0 or more"),
        ("max-tokens", ["0", "1.5", str(left + 1)], f"1 to {left:,}"), ("stop-text", ["é" * 513], "1,024 bytes"),
    ):
        right, before = page.input_value("#" + field), hint(page, field)
        assert limits in before or field == "stop-text", f"{field} says {before!r}, and not {limits}"
        for wrong in wrongs:
            page.fill("#" + field, wrong)
            said = hint(page, field)
            assert said.startswith("Give ") and limits in said, f"{field} {wrong}: {said!r}"
            page.click("#run")
            assert page.get_attribute("#" + field, "aria-invalid") == "true", f"{field} {wrong} is not marked"
            assert page.evaluate("document.activeElement.id") == field, f"{field} {wrong}: the focus is elsewhere"
        page.fill("#" + field, right)
        assert hint(page, field) == before and not page.locator("[aria-invalid=true]").count(), f"{field}: still marked"
    page.fill("#prompt", "word " * 2 * context)
    wait_until(page, "!document.querySelector('#prompt').validity.valid")
    page.click("#run")
    assert "Shorten" in hint(page, "prompt"), hint(page, "prompt")
    assert len([url for url in session.requests if "completions" in url]) == asked, "what is beyond a limit was sent"
    return f"{left} tokens are left beside {count}; nothing wrong is sent"


def check_stop_text(session):
    page = session.open()
    fill(page, prompt="ROMEO:", temperature=0, max_tokens=100)
    page.fill("#stop-text", "\\n\\n")
    note, text = run(page), page.evaluate(TEXT)
    _, answer = session.server.complete(
        prompt="ROMEO:", stop="\n\n", **{**SAMPLING, "temperature": 0, "max_tokens": 100})
    assert text == answer["choices"][0]["text"] and "\n\n" not in text, f"the page shows {text!r}"
    wanted = {"length": "all tokens", "stop": "stop before"}[answer["choices"][0]["finish_reason"]]
    assert wanted in note, f"the page says {note!r}"
    return note


def check_seed(session):
    """A random seed is shown, and gives the same text again."""
    page = session.open()
    fill(page)
    page.fill("#seed", "")
    seed, text = re.search(r"Seed (\d+)", run(page))[1], page.evaluate(TEXT)
    page.click("#reuse")
    assert page.input_value("#seed") == seed, "the seed of the text does not come into its field"
    again = run(page)
    assert page.evaluate(TEXT) == text and f"Seed {seed}" in again, f"seed {seed} gave another text"
    return f"seed {seed} gives the same text again"


def check_copy(session):
    for is_there in (True, False):
        page = session.open(prepare=None if is_there else lambda page: page.add_init_script(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined})"))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        fill(page)
        run(page)
        page.evaluate("document.addEventListener('copy', () => { window.copied = document.activeElement.value; })")
        page.click("#copy")
        wait_until(page, "document.querySelector('#copy').textContent === 'Copied'")
        copied = page.evaluate("navigator.clipboard.readText()" if is_there else "window.copied")
        assert copied == PROMPT + page.evaluate(TEXT), f"copied {copied!r}"
        assert page.evaluate("document.activeElement.id") == "copy", "the focus is lost by copying"
    return "with a clipboard and without"


def check_reload(session):
    """Fields, text and what is said of it outlast a reload, also in the midst of a text."""
    page = session.open()
    fill(page, prompt="Once more")
    page.fill("#stop-text", "zz")
    kept = {name: page.input_value("#" + name) for name in ("prompt", "stop-text", *FIELDS)}
    note, text = run(page), page.evaluate(TEXT)
    page.reload()
    wait_until(page, f"{STATE} === 'ready'")
    assert {name: page.input_value("#" + name) for name in kept} == kept, "the fields are forgotten by a reload"
    assert page.inner_text("#status") == note and page.evaluate(TEXT) == text, "the text is forgotten by a reload"
    assert page.inner_text("#echo") == "Once more" and page.is_enabled("#copy") and page.is_enabled("#reuse")
    page.locator(TOKENS).nth(1).hover()
    page.wait_for_selector("#alternatives li", state="visible")

    fill(page, max_tokens=session.server.pipeline()["model"]["context"] - 64)
    # As soon as there is a token: a small model is soon done.
    page.evaluate("""new MutationObserver((changes, observer) => {
        if (!changes.some((change) => change.addedNodes.length)) return;
        observer.disconnect();
        location.reload();
    }).observe(document.querySelector('#continuation'), {childList: true})""")
    with page.expect_navigation():
        page.evaluate("completion.run(), undefined")
    wait_until(page, f"{STATE} === 'ready'")
    note = page.inner_text("#status")
    assert note.startswith(("Stopped", "Done")) and page.locator(TOKENS).count() > 0, f"in the midst of a text: {note!r}"
    return note


def check_storage(session):
    """The page works where nothing can be kept, and where something else was."""
    denied = "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('denied', 'SecurityError'); }})"
    full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"
    strange = "for (const name of ['fields', 'text', 'key']) sessionStorage.setItem(`gpt2-${name}`, VALUE)"
    scripts = [denied, full] + [
        strange.replace("VALUE", json.dumps(value)) for value in ("{", "5", "[]", '{"pieces": [{}], "prompt": 1}')]
    for script in scripts:
        page = session.open(prepare=lambda page: page.add_init_script(script))
        assert page.input_value("#prompt") and page.input_value("#temperature"), f"{script}: fields are empty"
        fill(page)
        assert run(page).startswith("Done"), f"{script}: {page.inner_text('#status')!r}"
    return f"{len(scripts)} kinds of storage that are of no use"


def check_markup(session):
    """What a model or a worker says is text."""
    def event(route):
        choice = {"index": 0, "text": MARKUP, "finish_reason": "length", "stop_reason": None, "logprobs": {
            "tokens": [MARKUP], "token_logprobs": [-1.0], "top_logprobs": [{MARKUP: -1.0}]}}
        data = f"data: {json.dumps({'choices': [choice]})}\n\ndata: [DONE]\n\n"
        route.fulfill(content_type="text/event-stream", body=data)

    def name(body):
        body["model"]["id"] = body["version"] = body["reason"] = body["coordinator"]["kernels"] = MARKUP
        for stage in body["stages"]:
            stage["name"] = stage["address"] = stage["kernels"] = MARKUP

    def prepare(page):
        with_pipeline(name)(page)
        page.route("**/v1/completions", event)
        page.route("**/tokenize", lambda route: route.fulfill(status=400, json={"error": {"message": MARKUP}}))

    page = session.open(expects_errors=True, prepare=prepare)
    page.fill("#prompt", MARKUP)
    run(page)
    page.locator(TOKENS).first.hover()
    page.wait_for_selector("#alternatives li", state="visible")
    page.reload()
    wait_until(page, f"{STATE} === 'ready'")
    assert page.inner_text("#output") == 2 * MARKUP, f"the text shows as {page.inner_text('#output')!r}"
    assert MARKUP in page.locator("#stages .station").first.inner_text(), "a worker's name is not shown as it is"
    images, hit = page.locator("img").count(), page.evaluate("window.hit")
    assert images == 0 and hit is None, f"{images} images came of text, hit {hit}"
    return "names, tokens and errors are text"
