"""What other clients send, held against what `gpt2 generate` writes: benchmarks, LiteLLM, LangChain, tools that speak HTTP."""

import gzip
import http.client
import json
import shutil
import subprocess
import time

import requests

from check_completions import PROMPT

# As `vllm bench serve` asks, from its request function for completions, with and without --ignore-eos.
VLLM_BENCH = {"repetition_penalty": 1.0, "max_tokens": 12, "logprobs": None, "stream": True,
              "stream_options": {"include_usage": True}}
# As guidellm asks, from its handler of text completions.
GUIDELLM = {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True},
            "max_tokens": 12, "stop": None, "ignore_eos": True}


def stream(session, fields):
    """The text of a stream and its last usage, read line by line."""
    text, usage = "", None
    with requests.post(session.server.url + "/v1/completions", json={"model": session.model, "prompt": PROMPT, **fields},
                       headers={"x-request-id": "bench-1"}, stream=True, timeout=60) as answer:
        assert answer.status_code == 200, answer.text
        for line in answer.iter_lines():
            if line.startswith(b"data: ") and line != b"data: [DONE]":
                event = json.loads(line[6:])
                text += "".join(choice["text"] for choice in event["choices"])
                usage = event["usage"] or usage
    return text, usage


def check_benchmarks(session):
    """The bodies of `vllm bench serve` and of guidellm."""
    for name, fields in (("vllm", VLLM_BENCH), ("vllm", {**VLLM_BENCH, "ignore_eos": True}), ("guidellm", GUIDELLM)):
        text, usage = stream(session, {**fields, "seed": 5})
        flags = {"ignore_eos": True} if fields.get("ignore_eos") else {}
        wanted = session.program.generate(PROMPT, max_tokens=12, seed=5, **flags)
        assert text == wanted["text"], f"{name}: {text!r} is not {wanted['text']!r}"
        assert usage["completion_tokens"] == len(wanted["tokens"]), f"{name}: {usage}"
    return "3 bodies, as gpt2 generate writes"


def check_ending(session):
    """Past the end of a text, with the end forced: ignore_eos and min_tokens."""
    fields = {"max_tokens": 20, "seed": 5, "logit_bias": {"1023": 100}}
    ended = session.complete(PROMPT, **fields).choices[0]
    assert ended.text == "" and ended.finish_reason == "stop", ended
    ignored = session.complete(PROMPT, extra_body={"ignore_eos": True}, **fields)
    assert ignored.usage.completion_tokens == 20 and ignored.choices[0].text == "", ignored
    late = session.complete(PROMPT, extra_body={"min_tokens": 5}, **fields)
    assert late.usage.completion_tokens == 6 and late.choices[0].text, late
    return f"{late.choices[0].text!r} before it may end"


def check_litellm(session):
    import litellm

    common = {"model": "text-completion-openai/" + session.model, "api_base": session.server.url + "/v1",
              "api_key": "none", "prompt": PROMPT, "max_tokens": 12, "seed": 5}
    wanted = session.program.generate(PROMPT, max_tokens=12, seed=5)["text"]
    assert litellm.text_completion(**common).choices[0].text == wanted
    text = "".join(event.choices[0].text or "" for event in litellm.text_completion(stream=True, **common))
    assert text == wanted, f"{text!r} is not {wanted!r}"
    vectors = litellm.embedding(model="openai/" + session.model, input=["a rose", "a thorn"], encoding_format="float",
                                api_base=session.server.url + "/v1", api_key="none").data
    return f"{text!r}, {len(vectors)} vectors"


def check_langchain(session):
    from langchain_openai import OpenAI, OpenAIEmbeddings

    common = {"base_url": session.server.url + "/v1", "api_key": "none", "model": session.model}
    model = OpenAI(max_tokens=12, seed=5, temperature=0.8, **common)
    wanted = session.program.generate(PROMPT, max_tokens=12, seed=5, temperature=0.8)["text"]
    assert model.invoke(PROMPT) == wanted
    assert "".join(model.stream(PROMPT)) == wanted
    assert len(model.batch([PROMPT] * 3)) == 3
    # Its chunks are of up to 1,000 texts.
    embeddings = OpenAIEmbeddings(check_embedding_ctx_length=False, **common)
    begin = time.monotonic()
    vectors = embeddings.embed_documents([f"a rose {index % 10}" for index in range(1200)])
    assert len(vectors) == 1200 and vectors[0] == vectors[10] != vectors[1]
    return f"{wanted!r}, 1,200 vectors in {time.monotonic() - begin:.1f} s"


def check_python(session):
    """http.client keeps one connection, on which HEAD leaves nothing behind; requests compresses."""
    link = http.client.HTTPConnection(session.server.host, session.server.port, timeout=10)
    for method, path, status in (("HEAD", "/v1/completions", 405), ("GET", "/health", 200), ("HEAD", "/none", 404),
                                 ("HEAD", "/health", 200), ("GET", "/health", 200)):
        link.request(method, path)
        answer = link.getresponse()
        body = answer.read()
        assert answer.status == status and (method == "HEAD") == (body == b""), f"{method} {path}: {answer.status} {body}"
    body = gzip.compress(json.dumps({"prompt": PROMPT}).encode())
    answer = requests.post(session.server.url + "/tokenize", body, headers={"Content-Encoding": "gzip"}, timeout=10)
    assert answer.json()["tokens"] == session.program.tokens(PROMPT), answer.text
    return "HEAD and GET in turns on one connection, a body by gzip"


def check_expect(session):
    """curl waits a second for 100 Continue, unless it comes."""
    done = subprocess.run(
        ["curl", "-sS", "-w", "%{http_code} %{time_total}", "-o", "/dev/null", "-H", "Expect: 100-continue", "-d",
         '{"prompt": "a"}', session.server.url + "/tokenize"], capture_output=True, text=True, timeout=30)
    status, seconds = done.stdout.split()
    assert status == "200" and float(seconds) < 0.9, done.stdout + done.stderr
    return f"{float(seconds):.3f} s"


def check_ab(session):
    """ApacheBench, which speaks HTTP/1.0: with and without keep-alive, whole answers and streams."""
    if not shutil.which("ab"):
        return "not tried: there is no ab here"
    body = session.temporary / "ab.json"
    notes = []
    for path, fields in (("/health", None), ("/v1/completions", {"stream": False}), ("/v1/completions", {"stream": True})):
        for keep in ([], ["-k"]):
            if fields is not None:
                body.write_text(json.dumps({"prompt": PROMPT, "max_tokens": 8, "seed": 5, **fields}))
            post = [] if fields is None else ["-p", str(body), "-T", "application/json"]
            done = subprocess.run(["ab", "-q", "-s", "10", "-n", "40", "-c", "4", *keep, *post, session.server.url + path],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0 and "Complete requests:      40" in done.stdout, done.stdout + done.stderr
            assert "Failed requests:        0" in done.stdout and "Non-2xx" not in done.stdout, done.stdout
            if keep and fields is None:
                assert "Keep-Alive requests:    40" in done.stdout, done.stdout
            notes.append(done.stdout.split("Requests per second:")[1].split()[0])
    return f"40 requests each, {', '.join(notes)} a second"
