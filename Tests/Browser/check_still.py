"""What may not move: an idle server's figures and links, and the page when a text ends."""

from person import IDLE, fill, wait_until

# Where everything stands, from the top of the page.
PLACES = """Object.fromEntries([...document.querySelectorAll('section, section [id]')]
    .filter((element) => element.offsetParent && !element.closest('svg'))
    .map((element) => [element.id || element.className, element.getBoundingClientRect().top + scrollY]))"""
# What a browser calls a shift, but for words of the text that the next one sends to another line.
SHIFTS = """window.shifts = [], new PerformanceObserver((list) => {
    for (const {sources} of list.getEntries()) {
        const moved = sources.map(({node}) => node instanceof Text ? node.parentElement : node);
        window.shifts.push(...moved.filter((node) => node && !node.closest('#output')).map((node) => node.outerHTML.slice(0, 200)));
    }
}).observe({type: 'layout-shift'})"""


def check_idleness(session):
    """An idle server shows nothing moving and counts nothing, though it sends tokens of its own through the pipe."""
    def work():
        return {name: value for name, value in session.server.metrics().items() if counts(name)}

    def counts(name):
        return "_total" in name and (name.startswith("gpt2_stage_") or "tokens" in name)

    page = session.open()
    wait_until(page, "document.querySelector('#timeline').dataset.boxes === '0'")
    before = work()
    page.wait_for_timeout(3000)
    after = work()
    assert len(after) > 10 and after == before, f"counted while idle: {set(after.items()) ^ set(before.items())}"
    figures = page.locator("#figures dd").all_text_contents()
    assert figures[:4] == ["0", "0", "0", "0"], f"an idle server shows {figures}"
    cards = page.locator(".station").all_inner_texts()
    assert all("0 %" in card and "sends 0 B/s" in card for card in cards), f"an idle server's stages say {cards}"
    moving, boxes = page.locator("#links .active").count(), page.get_attribute("#timeline", "data-boxes")
    assert moving == 0 and boxes == "0", f"{moving} links move and {boxes} boxes are drawn where nothing was asked"
    return f"no link moves, {len(after)} counters stand still"


def check_jumps(session):
    """Nothing moves from a text's first token to its end, nor when the next one begins."""
    for width in (1280, 360):
        page = session.open(viewport={"width": width, "height": 740})
        fill(page, max_tokens=session.server.pipeline()["model"]["context"] - 64)
        page.wait_for_timeout(600)
        before = page.evaluate(PLACES)
        page.evaluate(SHIFTS)
        for _ in range(2):
            page.evaluate("document.querySelector('#run').click()")
            wait_until(page, "document.querySelector('#continuation').childElementCount > 0")
            running = page.evaluate(PLACES)
            wait_until(page, IDLE)
            page.wait_for_timeout(200)
            after = page.evaluate(PLACES)
            for place in (running, after):
                moved = {name: (before[name], top) for name, top in place.items() if top != before.get(name, top)}
                moved = {name: tops for name, tops in moved.items() if name not in ("echo", "continuation")}
                assert not moved, f"{width} pixels: moved from and to {moved}"
        assert not page.evaluate("shifts"), f"{width} pixels: the browser saw shifts of {page.evaluate('shifts')}"
        height = page.evaluate("[output.clientHeight, output.scrollHeight, output.scrollTop]")
        assert height[0] + height[2] >= height[1] - 8, f"the end of the text is out of sight: {height}"
    return "no element moves and no layout shift, at 1280 and 360 pixels"
