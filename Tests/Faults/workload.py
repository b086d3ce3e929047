"""What is asked for: 32 streams of all kinds, and what reads without writing. The same seed asks for the same."""

import random

COMPLETIONS, EMBEDDINGS = "/v1/completions", "/v1/embeddings"
LINES = [
    "ROMEO: But soft, what light through yonder window breaks? It is the east, and Juliet is the sun.",
    "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer",
    "Now is the winter of our discontent made glorious summer by this sun of York;",
    "Friends, Romans, countrymen, lend me your ears; I come to bury Caesar, not to praise him.",
    "The quality of mercy is not strained. It droppeth as the gentle rain from heaven",
    "All the world's a stage, and all the men and women merely players;",
]


def prompt(chance, words):
    text = " ".join(LINES[chance.randrange(len(LINES))] for _ in range(1 + words // 12)).split()
    begin = chance.randrange(max(1, len(text) - words + 1))
    return " ".join(text[begin : begin + words])


def streams(seed, count=32, tokens=210, words=(2, 12)):
    """`count` requests for streams: greedy and seeded, with n, log-probabilities, stops, echo and penalties."""
    chance, requests = random.Random(f"streams {seed}"), []
    for number in range(count):
        body = {"prompt": prompt(chance, chance.randint(*words)), "max_tokens": chance.randint(tokens // 2, tokens),
                "stream": True, "ignore_eos": True, "stream_options": {"include_usage": True}}
        kind = number % 8
        if kind in (1, 3, 4, 5, 7):
            body |= {"temperature": round(chance.uniform(0.5, 1.2), 2), "seed": chance.randrange(1 << 31)}
        else:
            body["temperature"] = 0
        if kind == 3:
            body |= {"n": 4, "logprobs": 2, "max_tokens": body["max_tokens"] * 2 // 3}
        elif kind == 4:
            body |= {"stop": ["\n\n", " king", "zzz"], "top_p": 0.9}
        elif kind == 5:
            body |= {"echo": True, "logprobs": 1, "top_k": 40}
        elif kind == 6:
            body |= {"logprobs": 3, "repetition_penalty": 1.2}
        elif kind == 7:
            body |= {"ignore_eos": False, "presence_penalty": 0.3, "logit_bias": {"198": -2}}
        requests.append((COMPLETIONS, body))
    return requests


def readings(seed):
    """Requests whose answers come whole: the best of several, scores of a prompt, embeddings."""
    chance = random.Random(f"readings {seed}")
    return [
        (COMPLETIONS, {"prompt": prompt(chance, 12), "max_tokens": 40, "seed": 5, "n": 2, "best_of": 4, "logprobs": 1}),
        (COMPLETIONS, {"prompt": prompt(chance, 40), "max_tokens": 0, "echo": True, "logprobs": 2}),
        (EMBEDDINGS, {"input": [prompt(chance, chance.randint(5, 40)) for _ in range(24)]}),
    ]


def mixed(seed, count=32, **shape):
    return streams(seed, count, **shape) + readings(seed)


def long_prompts(seed, count=16, words=45, tokens=12):
    """Mostly prompts to read; the demo model has a token for every third letter or so, and room for 256."""
    return streams(seed, count, tokens=tokens, words=(words - 5, words))
