"""What an answer said in the end, so that it can be held against another."""

from clients import literal


class Wrong(AssertionError):
    """An answer that is not one."""


def parse(exchange):
    """What it said, without what differs from call to call. Fractions are as they were written."""
    what = f"{exchange.path} {str(exchange.body)[:100]}"
    if exchange.ended is None:
        raise Wrong(f"{what}: no end; the last of it: {exchange.bytes()[-200:]!r}")
    if exchange.problem:
        raise Wrong(f"{what}: {exchange.problem!r} after {len(exchange.bytes())} bytes")
    head, gap, body = exchange.bytes().partition(b"\r\n\r\n")
    if not gap:
        raise Wrong(f"{what}: the connection ended after {head[:100]!r}")
    status = int(head.split()[1])
    if status != 200:
        raise Wrong(f"{what}: {status}: {body[:300].decode(errors='replace')}")
    return stream(what, body) if exchange.body.get("stream") else whole(what, body)


def whole(what, body):
    try:
        answer = literal(body.decode())
    except ValueError:
        raise Wrong(f"{what}: no JSON: …{body[-200:]!r}") from None
    return {name: value for name, value in answer.items() if name not in ("id", "created")}


def stream(what, body):
    """The events of a stream put together: each choice's pieces, each with its end, then the usage, then the end of all."""
    events = body.decode().split("\n\n")
    if len(events) < 2 or events[-2:] != ["data: [DONE]", ""] or events.count("data: [DONE]") != 1:
        raise Wrong(f"{what}: a stream without one end: …{body[-300:].decode(errors='replace')}")
    identity, choices, usage = set(), {}, None
    for text in events[:-2]:
        event = literal(text.removeprefix("data: "))
        if "error" in event:
            raise Wrong(f"{what}: {event['error']}")
        identity.add((event["id"], event["created"]))
        if event.get("usage"):
            usage = event["usage"]
        for choice in event["choices"]:
            merge(what, choices.setdefault(choice["index"], {"text": "", "tokens": []}), choice)
    if len(identity) != 1:
        raise Wrong(f"{what}: events of {len(identity)} answers")
    unfinished = [index for index, choice in choices.items() if "finish_reason" not in choice]
    if unfinished:
        raise Wrong(f"{what}: choices {unfinished} have no end")
    return {"choices": dict(sorted(choices.items())), "usage": usage}


def merge(what, whole, choice):
    if "finish_reason" in whole:
        raise Wrong(f"{what}: choice {choice['index']} goes on after its end")
    whole["text"] += choice["text"]
    if choice["logprobs"]:
        parts = choice["logprobs"]
        whole["tokens"] += zip(parts["text_offset"], parts["tokens"], parts["token_logprobs"], parts["top_logprobs"])
    if choice["finish_reason"]:
        whole["finish_reason"], whole["stop_reason"] = choice["finish_reason"], choice.get("stop_reason")


def differences(exchanges, references):
    """What is wrong with these answers, by those that came without a fault."""
    found = []
    for exchange in exchanges:
        try:
            said, meant = parse(exchange), references[exchange.key]
            if said != meant:
                found.append(f"{exchange.path} {str(exchange.body)[:100]}: {first_difference(said, meant)}")
        except Wrong as problem:
            found.append(str(problem))
    return found


def first_difference(said, meant, place=""):
    if isinstance(said, dict) and isinstance(meant, dict) and said.keys() == meant.keys():
        return next((first_difference(said[key], meant[key], f"{place}.{key}") for key in said if said[key] != meant[key]))
    if isinstance(said, list) and isinstance(meant, list):
        for index, (one, other) in enumerate(zip(said, meant)):
            if one != other:
                return first_difference(one, other, f"{place}[{index}]")
        return f"{place} has {len(said)} parts, not {len(meant)}"
    if isinstance(said, str) and isinstance(meant, str):
        at = next((k for k, (a, b) in enumerate(zip(said, meant)) if a != b), min(len(said), len(meant)))
        return f"{place} from {at} on is {said[at:at + 60]!r}, not {meant[at:at + 60]!r} (lengths {len(said)}, {len(meant)})"
    return f"{place} is {str(said)[:100]}, not {str(meant)[:100]}"
