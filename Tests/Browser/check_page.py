#!/usr/bin/env python3
"""Checks the page of a running `gpt2 serve` in a real headless Chromium, as a person would use it.

Needs Chromium (Debian: chromium) and Playwright for Python (PyPI: playwright; its own browsers are not used).
The server's model must have room for 200 tokens. Exits with 1 if a check fails.
"""

import argparse
import sys
import threading
import time
from urllib.parse import urlsplit

from playwright.sync_api import Error, sync_playwright

import check_form
import check_still
from person import FIELDS, IDLE, PROMPT, SAMPLING, STATE, TEXT, TOKENS, Server, Session
from person import expect_chances, fill, tab_to, type_into, wait_until, whole_token


def check_pipeline(session):
    page, state = session.open(), session.server.pipeline()
    cards = page.locator("#stages .station")
    wait_until(page, f"document.querySelectorAll('#stages .station').length === {len(state['stages'])}")
    for index, stage in enumerate(state["stages"]):
        first, last = stage["blocks"]
        text, blocks = cards.nth(index).inner_text(), f"block {first}" if first == last else f"blocks {first}–{last}"
        # Workers of one process have no other name than their stage.
        worker = "this process" if stage["name"] == f"stage-{index + 1}" else stage["name"]
        for part in (f"stage {index + 1}", worker, blocks, "%"):
            assert part in text, f"the card of stage {index + 1} does not say {part!r}: {text!r}"
    links = page.locator("#links path[d^=M]").count()
    assert links == 2 * (len(state["stages"]) + 1), f"{links} lines of links for {len(state['stages'])} stages"
    unexplained = page.locator(".figures > div:not([title]), th[scope=col]:not([title])").all_text_contents()
    assert not unexplained, f"nothing explains {unexplained}"
    return f"{len(state['stages'])} stages and their links"


def check_keyboard(session):
    status, answer = session.server.complete(prompt=PROMPT, logprobs=5, **SAMPLING)
    assert status == 200, f"POST /v1/completions answered {status}: {answer}"
    choice, page = answer["choices"][0], session.open()
    page.evaluate("""new MutationObserver(() => (window.lengths ??= []).push(
        document.querySelector('#continuation').childElementCount)).observe(
        document.querySelector('#continuation'), {childList: true})""")
    type_into(page, "prompt", PROMPT)
    for field, name in FIELDS.items():
        type_into(page, field, SAMPLING[name])
    tab_to(page, "prompt", "Shift+Tab")
    for way in ("Control+Enter", "Enter on the button"):
        if way != "Control+Enter":
            tab_to(page, "run")
        page.keyboard.press(way.split()[0])
        wait_until(page, "document.querySelector('#status').textContent !== 'Running …' && " + IDLE)
        note, text = page.inner_text("#status"), page.evaluate(TEXT)
        assert note.startswith("Done"), f"{way}: the page says {note!r}"
        assert text == choice["text"], f"{way}: the page shows {text!r}, the API says {choice['text']!r}"
    steps = len({length for length in page.evaluate("lengths") if length})
    assert steps > 1, "the text came all at once"

    tab_to(page, "token")
    index = whole_token(choice["logprobs"], 2)
    for _ in range(index):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("#alternatives", state="visible")
    expect_chances(page, choice["logprobs"], index)
    page.keyboard.press("Escape")
    page.wait_for_selector("#alternatives", state="hidden")
    index = whole_token(choice["logprobs"], 4)
    page.locator(TOKENS).nth(index).hover()
    page.wait_for_selector("#alternatives", state="visible")
    expect_chances(page, choice["logprobs"], index)
    page.mouse.move(2, 2)
    return f"the API's {len(choice['text'])} characters, twice, in {steps} steps; its chances by key and by pointer"


def check_cutting(session):
    """Tokens that are parts of a character come rarely: the page's own function is asked about them."""
    page = session.open()
    for text, tokens, wanted in (
        ("to be", ["to", " be"], ["to", " be"]),
        ("€ ok", ["bytes:\\xe2", "bytes:\\x82\\xac", " ok"], ["€", " ok"]),
        ("a€a", ["a", "bytes:\\xe2\\x82", "bytes:\\xac", "a"], ["a", "€", "a"]),
        ("no tokens", [], ["no tokens"]),
    ):
        cut = page.evaluate("([text, tokens]) => pieces(text, tokens.map((token) => ({token})))", [text, tokens])
        texts, held = [piece["text"] for piece in cut], [token["token"] for piece in cut for token in piece["tokens"]]
        assert texts == wanted and held == tokens, f"{text!r} of {tokens} is cut into {texts} with {held}"
    return "broken characters share a piece of text"


def check_timeline(session):
    page = session.open()
    fill(page)
    page.press("#prompt", "Control+Enter")
    wait_until(page, "Number(document.querySelector('#timeline').dataset.boxes) > 0")
    painted = page.evaluate("""() => {
        const canvas = document.querySelector('#timeline');
        const probe = Object.assign(document.createElement('i'), {style: 'color: var(--box-0)'});
        document.body.append(probe);
        const colour = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
            count += colour.every((value, index) => Math.abs(data[at + index] - value) < 3) && data[at + 3] > 250;
        }
        return count;
    }""")
    assert painted > 0, "the boxes that the timeline counts are not painted"
    boxes = page.get_attribute("#timeline", "data-boxes")
    page.focus("#timeline")
    page.keyboard.press("ArrowLeft")
    reading = page.inner_text("#reading")
    assert reading.startswith("Micro-batch "), f"the arrow key chose no micro-batch: {reading!r}"
    return f"{boxes} boxes; {reading}"


def check_phone(session):
    page = session.open(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, device_scale_factor=2)
    fill(page, max_tokens=64)
    page.tap("#run")
    wait_until(page, "document.querySelector('#status').textContent.startsWith('Done')")
    page.locator(TOKENS).nth(3).tap()
    page.wait_for_selector("#alternatives", state="visible")
    for summary in page.locator("summary").all():
        summary.click()
    wide = page.evaluate("""() => [...document.querySelectorAll('body *')].filter((element) => {
        const {left, right, width} = element.getBoundingClientRect();
        return width && (left < -1 || right > innerWidth + 1) && !element.parentElement.closest('.scroll, .cut');
    }).map((element) => element.id || element.className || element.tagName)""")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360 and not wide, f"the page is {width} pixels wide, beyond the edge: {wide}"
    return "360 pixels hold everything, and a tap shows alternatives"


def check_stop(session):
    page, context = session.open(), session.server.pipeline()["model"]["context"]
    asked = context - 64
    fill(page, max_tokens=asked, temperature=1)
    # Where browser and server share two cores, a small model may be done before the page shows a token.
    for _ in range(10):
        # Pressed by the page at the first token: a press from out here would come later still.
        page.evaluate("""window.pressed = 0, new MutationObserver((changes, observer) => {
            if (!changes.some((change) => change.addedNodes.length)) return;
            observer.disconnect();
            window.pressed = performance.now();
            document.querySelector('#stop').click();
        }).observe(document.querySelector('#continuation'), {childList: true})""")
        page.focus("#run")
        page.keyboard.press("Enter")
        wait_until(page, "window.pressed && " + IDLE)
        if not page.inner_text("#status").startswith("Done"):
            break
    waited = page.evaluate("performance.now() - pressed")
    note, written = page.inner_text("#status"), page.locator(TOKENS).count()
    assert note.startswith("Stopped"), f"the page says {note!r}"
    assert waited < 1000 and written < asked, f"{written} of {asked} tokens, {waited:.0f} ms after Stop"
    assert page.evaluate("document.activeElement.id") == "run", "the focus is lost when the completion ends"
    deadline = time.monotonic() + 2
    while session.server.pipeline()["requests"]["running"]:
        assert time.monotonic() < deadline, "the request still runs 2 s after Stop"
        time.sleep(0.05)
    return f"{written} of {asked} tokens written, request gone"


def check_refusal(session):
    page, prompt = session.open(expects_errors=True), "word " * 4 * session.server.pipeline()["model"]["context"]
    # Else the page sees it beforehand.
    page.route("**/tokenize", lambda route: route.abort())
    status, answer = session.server.complete(prompt=prompt, **SAMPLING)
    assert status == 400, f"a prompt beyond the context is answered with {status}"
    fill(page, prompt=prompt)
    page.press("#prompt", "Control+Enter")
    page.wait_for_selector("#status.error")
    note = page.inner_text("#status")
    wanted = answer["error"]["message"].replace("max_tokens", "Max tokens")
    assert note[1:] == wanted[1:] + ".", f"the page says {note!r}, the API {wanted!r}"
    blamed = page.evaluate("[...document.querySelectorAll('[aria-invalid=true]')].map((field) => field.id)")
    assert blamed == ["prompt"], f"the API blames the prompt, the page {blamed}"
    return f"“{note[:80]}”"


def check_unreachable(session):
    page = session.open(expects_errors=True)
    page.context.set_offline(True)
    wait_until(page, f"{STATE} === 'unreachable'")
    page.context.set_offline(False)
    wait_until(page, f"{STATE} === 'ready'")
    return "said so, and found back"


def check_preferences(session):
    for motion, wanted in (("no-preference", "flow"), ("reduce", "none")):
        page = session.open(color_scheme="dark", reduced_motion=motion)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert max(ground) < 64, f"the dark ground is {ground}"
        fill(page, max_tokens=100)
        page.press("#prompt", "Control+Enter")
        page.wait_for_selector("#links .active", state="attached")
        moving = page.evaluate("getComputedStyle(document.querySelector('#links .active path')).animationName")
        assert moving == wanted, f"links in use are animated by {moving!r} where motion is {motion!r}"
    return "dark, and still where that is asked for"


def check_manners(session):
    origin = urlsplit(session.server.url)[:2]
    strange = sorted({url for url in session.requests if urlsplit(url)[:2] != origin and not url.startswith("data:")})
    assert not strange, f"requests to other places: {strange}"
    assert not session.complaints, "; ".join(session.complaints)
    return f"{len(session.requests)} requests, all to {origin[1]}; no console errors"


def take_screenshot(session, path):
    """The page while a completion runs, beside others that keep the pipeline busy."""
    done = threading.Event()

    def load(seed):
        while not done.is_set():
            session.server.complete(prompt=PROMPT, max_tokens=100, temperature=1, seed=seed)

    threads = [threading.Thread(target=load, args=(seed,), daemon=True) for seed in range(6)]
    for thread in threads:
        thread.start()
    try:
        page = session.open(viewport={"width": 1280, "height": 800})
        page.select_option("#span", "1")
        page.wait_for_timeout(2500)
        fill(page, max_tokens=session.server.pipeline()["model"]["context"] - 64)
        page.press("#prompt", "Control+Enter")
        page.locator(TOKENS).nth(12).hover()
        running = not page.evaluate(IDLE)
        page.screenshot(path=path, full_page=True)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return f"{path}, {'mid-completion' if running else 'the completion had just ended'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the server, as http://127.0.0.1:8080")
    parser.add_argument("--screenshot", metavar="FILE", help="take a picture in the midst of a completion")
    parser.add_argument("--api-key-file", metavar="FILE", help="a key for the page's password field")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser (default %(default)s)")
    options = parser.parse_args()
    key = open(options.api_key_file).read().split()[0] if options.api_key_file else None
    checks = [check_pipeline, check_keyboard, check_cutting, check_timeline, check_phone, check_stop, check_refusal,
              check_unreachable, check_preferences]
    for module in (check_still, check_form):
        checks += [check for name, check in vars(module).items() if name.startswith("check_")]
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium)
        session = Session(browser, Server(options.url, key))
        if options.screenshot:
            checks.append(lambda session: take_screenshot(session, options.screenshot))
            checks[-1].__name__ = "screenshot"
        for check in [*checks, check_manners]:
            name = check.__name__.removeprefix("check_")
            try:
                print(f"ok    {name}: {check(session)}", flush=True)
            except (AssertionError, Error, OSError) as problem:
                failed += 1
                print(f"FAIL  {name}: {str(problem).splitlines()[0]}", flush=True)
            for context in browser.contexts:
                context.close()
        browser.close()
    print(f"{len(checks) + 1 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
