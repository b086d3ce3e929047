"""What cannot be done is refused so that the official client raises the right exception, and the server goes on."""

import openai

from check_completions import PROMPT


def refused(kind, call, param=None, code=None):
    """The message of the exception that a call raises."""
    try:
        call()
    except openai.APIStatusError as error:
        assert type(error) is kind, f"{type(error).__name__} came, not {kind.__name__}: {error}"
        assert isinstance(error.body, dict) and set(error.body) == {"message", "type", "param", "code"}, error.body
        assert error.body["message"] and error.request_id, "no message, or no request id"
        assert error.param == param and error.code == code, f"param {error.param!r}, code {error.code!r}: {error.body}"
        return error.body["message"]
    raise AssertionError("it was taken")


def check_context(session):
    code, bad = "context_length_exceeded", openai.BadRequestError
    refused(bad, lambda: session.complete([304] * 300, max_tokens=1), "prompt", code)
    refused(bad, lambda: session.complete("word " * 2000), "prompt", code)
    return refused(bad, lambda: session.complete([304] * 250, max_tokens=7), "max_tokens", code)


def check_model(session):
    for call in (
        lambda: session.client.completions.create(model="gpt-4", prompt=PROMPT),
        lambda: session.client.embeddings.create(model="gpt-4", input=PROMPT),
        lambda: session.client.models.retrieve("gpt-4"),
    ):
        message = refused(openai.NotFoundError, call, "model", "model_not_found")
    return message


def check_chat(session):
    return refused(openai.BadRequestError, lambda: session.client.chat.completions.create(
        model=session.model, messages=[{"role": "user", "content": "Hello"}]), None, "unsupported_endpoint")


def check_fields(session):
    cases = [
        ("suffix", {"suffix": "end"}), ("temperature", {"temperature": -1}), ("temperature", {"temperature": 2.1}),
        ("top_p", {"top_p": 1.5}), ("n", {"n": 0}), ("n", {"n": 1000}), ("best_of", {"n": 2, "best_of": 1}),
        ("best_of", {"best_of": 3, "stream": True}), ("logprobs", {"logprobs": 21}), ("logprobs", {"logprobs": -1}),
        ("max_tokens", {"max_tokens": -1}), ("presence_penalty", {"presence_penalty": 3}),
        ("frequency_penalty", {"frequency_penalty": -2.5}), ("stop", {"stop": ["a"] * 100}), ("stop", {"stop": [1]}),
        ("logit_bias", {"logit_bias": {"11": 101}}), ("logit_bias", {"logit_bias": {"x": 1}}),
        ("seed", {"seed": "one"}), ("stream", {"stream": "yes"}), ("echo", {"echo": 1}), ("user", {"user": 7}),
        ("stream_options", {"stream_options": {"include_usage": True}}),
        ("top_k", {"extra_body": {"top_k": -2}}), ("min_p", {"extra_body": {"min_p": 2}}),
        ("repetition_penalty", {"extra_body": {"repetition_penalty": 0}}),
        ("max_tokens", {"extra_body": {"max_tokens": 1e300}}), ("max_tokens", {"extra_body": {"max_tokens": 2.5}}),
    ]
    for param, fields in cases:
        try:
            refused(openai.BadRequestError, lambda: session.complete(PROMPT, **fields), param)
        except AssertionError as problem:
            raise AssertionError(f"{fields}: {problem}") from None
    refused(openai.BadRequestError, lambda: session.complete(PROMPT, extra_body={"tempretaure": 1}), "tempretaure",
            "unknown_parameter")
    for prompt in ([], [[]], [-1], [1024], [1.5], 7, {"a": 1}, [PROMPT, 3], [None]):
        refused(openai.BadRequestError, lambda: session.complete(prompt), "prompt")
    refused(openai.BadRequestError, lambda: session.client.embeddings.create(model=session.model, input=""), "input")
    refused(openai.BadRequestError, lambda: session.client.embeddings.create(
        model=session.model, input=PROMPT, dimensions=4), "dimensions")
    return f"{len(cases) + 12} of them by name"


def check_nothing_there(session):
    refused(openai.NotFoundError, lambda: session.client.post("/nothing", cast_to=object), None, "unknown_url")
    return refused(openai.NotFoundError, lambda: session.client.files.list(), None, "unknown_url")
