"""Streams: their pieces together are the answer that comes whole."""

from check_completions import PROMPT, expect_offsets

SAMPLING = {"temperature": 0.9, "max_tokens": 40, "seed": 8}


def gather(stream):
    """Texts, log-probabilities, ends and usage of a stream's choices, and how many events it had."""
    texts, logprobs, ends, usage, count = {}, {}, {}, None, 0
    ids = set()
    for event in stream:
        ids.add((event.id, event.object, event.created, event.model))
        assert usage is None, "an event comes after the usage"
        usage = event.usage
        assert bool(event.choices) == (usage is None), event
        for choice in event.choices:
            count += 1
            assert choice.index not in ends, f"choice {choice.index} goes on after its end"
            texts[choice.index] = texts.get(choice.index, "") + choice.text
            if choice.logprobs:
                for name, values in choice.logprobs:
                    logprobs.setdefault(choice.index, {}).setdefault(name, []).extend(values)
            if choice.finish_reason:
                ends[choice.index] = choice.finish_reason
    assert len(ids) == 1, f"events differ in id or model: {ids}"
    return texts, logprobs, ends, usage, count


def compare(session, prompt, **fields):
    whole = session.complete(prompt, **fields)
    stream = session.complete(prompt, stream=True, stream_options={"include_usage": True}, **fields)
    texts, logprobs, ends, usage, count = gather(stream)
    for choice in whole.choices:
        found = texts[choice.index]
        assert found == choice.text, f"choice {choice.index} is {found!r}, not {choice.text!r}"
        assert ends[choice.index] == choice.finish_reason
        if choice.logprobs:
            assert logprobs[choice.index] == dict(choice.logprobs), f"log-probabilities of choice {choice.index} differ"
            expect_offsets(choice.text, logprobs[choice.index])
    assert usage == whole.usage, f"{usage} is not {whole.usage}"
    assert len(texts) == len(whole.choices)
    return count


def check_one(session):
    count = compare(session, PROMPT, **SAMPLING)
    assert count > 20, f"40 tokens came in {count} pieces"
    stream = session.complete(PROMPT, stream=True, **SAMPLING)
    assert gather(stream)[3] is None, "usage comes unasked"
    return f"{count} pieces"


def check_several(session):
    count = compare(session, [PROMPT, "ROMEO:"], n=3, logprobs=3, **SAMPLING)
    return f"6 choices in {count} pieces, log-probabilities too"


def check_stop(session):
    whole = session.complete(PROMPT, **SAMPLING).choices[0].text
    compare(session, PROMPT, stop=[whole[15:19]], **SAMPLING)
    compare(session, PROMPT, stop=["never there"], logprobs=0, **SAMPLING)
    return "nothing of a stop is ever sent"


def check_echo(session):
    compare(session, PROMPT, echo=True, logprobs=2, **SAMPLING)
    compare(session, PROMPT, echo=True, logprobs=1, **{**SAMPLING, "max_tokens": 0})
    return "the prompt comes first"


def check_characters(session):
    """A character of several tokens comes whole, and a broken one as one replacement."""
    bias = {str(token): 40 for token in session.program.tokens("🙂€é")}
    compare(session, PROMPT, logit_bias=bias, **SAMPLING)
    compare(session, PROMPT, logit_bias=bias, logprobs=1, **SAMPLING)
    return repr(session.complete(PROMPT, logit_bias=bias, **SAMPLING).choices[0].text[:20])


def check_manners(session):
    status, headers, text = session.server.call(
        "/v1/completions", {"prompt": PROMPT, "max_tokens": 3, "stream": True})
    assert status == 200 and headers["content-type"].startswith("text/event-stream"), headers
    assert headers["x-request-id"].startswith("req-")
    events = text.split("\n\n")
    assert events.pop() == "" and events[-1] == "data: [DONE]" and all(e.startswith("data: ") for e in events), text
    return f"{len(events)} events, the last [DONE]"
