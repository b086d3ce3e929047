"""How long clients were without tokens."""

from collections import namedtuple

# Seconds; a silence that is no longer is none.
SHORT = 0.1
# Seconds from the fault until the first stream goes on, and until the last does; the exchanges that were waited for, and the
# tokens that they had by then.
Pause = namedtuple("Pause", "first last waited tokens")


def measure(exchanges, fault, until):
    """The longest silence of all streams together between two instants is what the fault has made of it.

    Streams that were under way when it began are those that are waited for.
    """
    times = sorted(at for exchange in exchanges for at in exchange.token_times())
    begin, end = silence(times, fault, until)
    if begin is None:
        return None
    # What is no longer than any hop may begin anywhere, and has nothing to do with the fault.
    start = fault if end - begin > SHORT else begin
    last, waited, tokens = end, [], 0
    for exchange in exchanges:
        own = exchange.token_times()
        # A prompt that is echoed says nothing of whether its turn has come.
        before = sum(at <= begin for at in own) - bool(exchange.body.get("echo"))
        following = next((at for at in own if at >= end), None)
        if before > 0 and following:
            last, tokens = max(last, following), tokens + before
            waited.append(exchange)
    return Pause(end - start, last - start, waited, tokens)


def silence(times, fault, until):
    """The longest time without a token that ends after the fault and begins before `until`: its last and its next token."""
    best, span = (None, None), 0
    for before, after in zip([fault, *times], [*times, None]):
        if after is None or after <= fault or before >= until:
            continue
        length = after - max(before, fault)
        if length > span:
            best, span = (max(before, fault), after), length
    return best
