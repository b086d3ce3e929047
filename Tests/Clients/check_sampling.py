"""Every sampling field, held against the flag of `gpt2 generate` that it stands for."""

from check_completions import PROMPT, expect, expect_logprobs
from program import literal

BASE = {"max_tokens": 40, "seed": 3}


def check_fields(session):
    plain = session.program.generate(PROMPT, **BASE)["text"]
    same = []
    for fields in (
        {"temperature": 0}, {"temperature": 1.7}, {"top_p": 0.5}, {"top_p": 0.01},
        {"presence_penalty": 1.5}, {"presence_penalty": -2}, {"frequency_penalty": 0.8}, {"frequency_penalty": -0.5},
        {"top_k": 3}, {"min_p": 0.2}, {"repetition_penalty": 1.4},
        {"temperature": 0.9, "top_k": 40, "top_p": 0.9, "min_p": 0.02, "repetition_penalty": 1.1,
         "presence_penalty": 0.3, "frequency_penalty": 0.2},
    ):
        # Those that the official client does not know go by its own way for such.
        strange = {name: fields[name] for name in ("top_k", "min_p", "repetition_penalty") if name in fields}
        known = {name: value for name, value in fields.items() if name not in strange}
        answer = session.raw(PROMPT, logprobs=2, extra_body=strange, **BASE, **known)
        choice, wanted = literal(answer)["choices"][0], session.program.generate(PROMPT, logprobs=2, **BASE, **fields)
        try:
            expect(choice, wanted)
            expect_logprobs(choice["logprobs"], wanted, 2)
        except AssertionError as problem:
            raise AssertionError(f"{fields}: {problem}") from None
        same += [str(fields)] * (wanted["text"] == plain)
    assert not same, f"these change nothing: {same}"
    return "12 sets of fields, text and log-probabilities"


def check_logit_bias(session):
    wanted = session.program.generate(PROMPT, logit_bias=["11=-100", "13=5", "257=2.5"], **BASE)
    choice = literal(session.raw(PROMPT, logit_bias={"11": -100, "13": 5, "257": 2.5}, **BASE))["choices"][0]
    expect(choice, wanted)
    assert 11 not in wanted["tokens"] and wanted["text"] != session.program.generate(PROMPT, **BASE)["text"]
    return f"{choice['text'][:40]!r}"


def check_stop(session):
    """Text ends before the stop, wherever tokens end, and says so."""
    whole = session.program.generate(PROMPT, temperature=0, max_tokens=60)["text"]
    for stop in (whole[9:13], [whole[20:22], "never there"], [whole[30:31], whole[12:16]], "never there", []):
        choice = literal(session.raw(PROMPT, temperature=0, max_tokens=60, stop=stop))["choices"][0]
        stops = [stop] if isinstance(stop, str) else stop
        places = [whole.find(text) for text in stops if text in whole]
        assert choice["text"] == (whole[: min(places)] if places else whole), f"{stop!r}: {choice}"
        assert choice["finish_reason"] == ("stop" if places else "length"), f"{stop!r}: {choice}"
        wanted = session.program.generate(PROMPT, temperature=0, max_tokens=60, stop=stops)
        expect(choice, wanted)
    return "string, list, none"


def check_end_of_text(session):
    """The end-of-text token ends a text."""
    choice = literal(session.raw(PROMPT, max_tokens=9, temperature=0, logit_bias={"1023": 100}))["choices"][0]
    assert choice["text"] == "" and choice["finish_reason"] == "stop", choice
    return "finish_reason stop"


def check_lengths(session):
    for count in (0, 1, 254):
        answer = session.complete([304, 40], max_tokens=count, temperature=1.5, seed=1, logit_bias={"1023": -100})
        assert answer.usage.completion_tokens == count and answer.choices[0].finish_reason == "length", answer.usage
    assert session.complete(PROMPT, seed=1, logit_bias={"1023": -100}).usage.completion_tokens == 16
    return "max_tokens 0, 1, to the end of the context, and 16 if not said"
