"""What is written: held against `gpt2 generate --json` and `gpt2 score --json` to the bit, as JSON prints them."""

import struct

from program import literal

PROMPT = "To be, or not"
SAMPLING = {"temperature": 0.8, "max_tokens": 24, "seed": 5}


def expect(choice, wanted):
    """A choice of literal JSON against `gpt2 generate --json`."""
    for field in ("text", "finish_reason"):
        found, meant = choice[field], wanted[field]
        # The API has one word for a stop text and for the end-of-text token.
        if field == "finish_reason" and meant != "length":
            meant = "stop"
        assert found == meant, f"{field} is {found!r}, gpt2 generate has {meant!r}"


def expect_logprobs(logprobs, wanted, alternatives, first=0):
    """A choice's log-probabilities from token `first` on against those of `gpt2 generate --json --logprobs N`."""
    found, tops = logprobs["token_logprobs"][first:], logprobs["top_logprobs"][first:]
    assert found == wanted["logprobs"], f"token_logprobs are {found}, gpt2 generate has {wanted['logprobs']}"
    for top, own, meant in zip(tops, found, wanted.get("top_logprobs", [[]] * len(found)), strict=True):
        values = {own, *(entry["logprob"] for entry in meant)}
        assert set(top.values()) == values and len(meant) == alternatives, f"top_logprobs are {top}, meant were {meant}"


def expect_offsets(text, logprobs):
    """Each token begins where the ones before it end."""
    for token, offset in zip(logprobs["tokens"], logprobs["text_offset"], strict=True):
        if not token.startswith("bytes:") and "\ufffd" not in text:
            assert text[offset:].startswith(token), f"token {token!r} is not at {offset} of {text!r}"


def check_string(session):
    answer = literal(session.raw(PROMPT, **SAMPLING))
    wanted = session.program.generate(PROMPT, **SAMPLING)
    expect(answer["choices"][0], wanted)
    usage = answer["usage"]
    prompt, written = len(wanted["prompt_tokens"]), len(wanted["tokens"])
    assert usage == {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}, usage
    typed = session.complete(PROMPT, **SAMPLING)
    assert typed.object == "text_completion" and typed.id.startswith("cmpl-") and typed.model == session.model
    assert typed.choices[0].text == wanted["text"] and typed.choices[0].logprobs is None
    return f"{wanted['text']!r}"


def check_prompts(session):
    texts = [PROMPT, "ROMEO:", "The king is", "naïve café 🙂"]
    tokens = [session.program.tokens(text) for text in texts]
    for prompts in (texts, tokens, tokens[0], tokens[0][:1], [tokens[1]], [texts[2]]):
        several = prompts if isinstance(prompts[0], (str, list)) else [prompts]
        choices = literal(session.raw(prompts, **SAMPLING))["choices"]
        assert [choice["index"] for choice in choices] == list(range(len(several)))
        for prompt, choice in zip(several, choices, strict=True):
            expect(choice, session.program.generate(prompt, **SAMPLING))
    return "string, list, token ids, list of those"


def check_no_prompt(session):
    wanted = session.program.generate([1023], **SAMPLING)
    for prompt in ("", [1023]):
        expect(literal(session.raw(prompt, **SAMPLING))["choices"][0], wanted)
    return "an empty prompt is a text's beginning"


def check_choices(session):
    """Choice i is what seed + i writes."""
    prompts = [PROMPT, "ROMEO:"]
    choices = literal(session.raw(prompts, n=3, **SAMPLING))["choices"]
    assert [choice["index"] for choice in choices] == list(range(6))
    for choice in choices:
        seed = SAMPLING["seed"] + choice["index"] % 3
        expect(choice, session.program.generate(prompts[choice["index"] // 3], **{**SAMPLING, "seed": seed}))
    assert len({choice["text"] for choice in choices}) == 6, "choices are the same"
    return "2 prompts × n = 3"


def check_best_of(session):
    """The likeliest by token of six, in order."""
    candidates = [session.program.generate(PROMPT, **{**SAMPLING, "seed": SAMPLING["seed"] + i}) for i in range(6)]

    def likelihood(candidate):
        return sum(map(float, candidate["logprobs"])) / len(candidate["logprobs"])

    candidates.sort(key=likelihood, reverse=True)
    answer = literal(session.raw(PROMPT, n=2, best_of=6, **SAMPLING))
    for choice, wanted in zip(answer["choices"], candidates[:2], strict=True):
        expect(choice, wanted)
    written = sum(len(candidate["tokens"]) for candidate in candidates)
    assert answer["usage"]["completion_tokens"] == written, "tokens of all candidates count"
    return f"of six from {likelihood(candidates[-1]):.3f} to {likelihood(candidates[0]):.3f}"


def check_seed(session):
    seeds = (1, 1, 2, -1, -1, None, None)
    texts = [session.complete(PROMPT, max_tokens=24, seed=seed).choices[0].text for seed in seeds]
    assert texts[0] == texts[1] and texts[3] == texts[4], "one seed gives two texts"
    assert len({texts[0], texts[2], texts[3], texts[5], texts[6]}) == 5, "other seeds, or none, give the same text"
    return "the same text for one seed, others without"


def check_logprobs(session):
    for count in (0, 1, 5, 20):
        choice = literal(session.raw(PROMPT, logprobs=count, **SAMPLING))["choices"][0]
        wanted = session.program.generate(PROMPT, logprobs=count, **SAMPLING)
        expect(choice, wanted)
        expect_logprobs(choice["logprobs"], wanted, count)
        expect_offsets(choice["text"], choice["logprobs"])
        assert "".join(choice["logprobs"]["tokens"]) == choice["text"]
    return "0, 1, 5 and 20, bit for bit"


def check_broken_characters(session):
    """Tokens that are parts of characters, forced by a bias."""
    tokens = session.program.tokens("é€🙂")
    single = [token for token in tokens if token < 256]
    assert len(single) > 3, "the demo tokenizer has these characters as tokens; choose others"
    fields = {"max_tokens": 8, "temperature": 0, "logit_bias": {str(single[0]): 100}}
    choice = literal(session.raw(PROMPT, logprobs=1, **fields))["choices"][0]
    wanted = session.program.generate(
        PROMPT, max_tokens=8, temperature=0, logprobs=1, logit_bias=f"{single[0]}=100")
    expect(choice, wanted)
    assert all(token.startswith("bytes:\\x") for token in choice["logprobs"]["tokens"]), choice
    return f"{choice['logprobs']['tokens'][0]} × 8 is {choice['text']!r}"


def check_echo(session):
    """A prompt's own log-probabilities are `gpt2 score`'s, and what follows `gpt2 generate`'s."""
    for maximum in (0, 8):
        for prompt in (PROMPT, session.program.tokens("The quality of mercy is not strained")):
            fields = {**SAMPLING, "max_tokens": maximum}
            choice = literal(session.raw(prompt, echo=True, logprobs=2, **fields))["choices"][0]
            scores = session.program.score(prompt, logprobs=2)
            count, logprobs = len(scores) + 1, choice["logprobs"]
            assert logprobs["token_logprobs"][0] is None and logprobs["top_logprobs"][0] is None
            found = logprobs["token_logprobs"][1:count]
            assert found == [score["logprob"] for score in scores], f"{found} is not what gpt2 score says: {scores}"
            for top, score in zip(logprobs["top_logprobs"][1:count], scores, strict=True):
                values = {score["logprob"], *(entry["logprob"] for entry in score["top_logprobs"])}
                assert set(top.values()) == values, f"{top} is not what gpt2 score says: {score}"
            assert "".join(logprobs["tokens"]) == choice["text"]
            expect_offsets(choice["text"], logprobs)
            if maximum:
                wanted = session.program.generate(prompt, logprobs=2, **fields)
                assert choice["text"].endswith(wanted["text"]), (choice, wanted)
                expect_logprobs(logprobs, wanted, 2, first=count)
            else:
                assert len(logprobs["tokens"]) == count and choice["finish_reason"] == "length"
    text = session.complete("ROMEO:", echo=True, **SAMPLING).choices[0].text
    assert text == "ROMEO:" + session.program.generate("ROMEO:", **SAMPLING)["text"]
    return "with text and tokens, with and without a continuation"


def check_embeddings(session):
    texts = ["To be, or not to be", "a rose"]
    coded = session.client.embeddings.create(model=session.model, input=texts)
    floats = session.client.embeddings.create(model=session.model, input=texts, encoding_format="float")
    for text, left, right in zip(texts, coded.data, floats.data, strict=True):
        bits = [struct.pack(f"<{len(item.embedding)}f", *item.embedding) for item in (left, right)]
        wanted = session.program.embedding(text, session.temporary / "e.safetensors")
        assert bits[0] == bits[1] == wanted, f"the vectors of {text!r} differ"
    tokens = [session.program.tokens(text) for text in texts]
    again = session.client.embeddings.create(model=session.model, input=tokens)
    assert [item.embedding for item in again.data] == [item.embedding for item in coded.data]
    assert coded.usage.prompt_tokens == coded.usage.total_tokens == sum(map(len, tokens))
    return f"{len(texts)} of width {len(coded.data[0].embedding)}: base64, float and gpt2 embed are one"


def check_models(session):
    listed = session.client.models.list().data
    assert [model.id for model in listed] == ["gpt2-demo"] and listed[0].object == "model", listed
    model = session.client.models.retrieve("gpt2-demo")
    assert model == listed[0] and model.created > 1_700_000_000 and model.max_model_len == 256, model
    return f"{model.id}, context {model.max_model_len}"


def check_tokenize(session):
    text = "Hath not a Jew eyes? naïve 🙂"
    status, _, answer = session.server.call("/tokenize", {"prompt": text})
    answer = literal(answer)
    assert status == 200 and answer["tokens"] == session.program.tokens(text) and answer["max_model_len"] == 256
    status, _, back = session.server.call("/detokenize", {"tokens": answer["tokens"]})
    assert status == 200 and literal(back) == {"prompt": text}, back
    return f"{answer['count']} tokens, and back"
