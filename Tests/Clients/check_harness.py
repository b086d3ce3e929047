"""lm-evaluation-harness's model local-completions, unchanged, on tasks made here: no hub, no network."""

import atexit
import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

# Read when the harness is imported.
HOME = tempfile.mkdtemp(prefix="gpt2-harness-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ |= {"HF_HOME": HOME, "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
               "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1", "LMEVAL_LOG_LEVEL": "ERROR"}

from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
from lm_eval.utils import get_rolling_token_windows

CHECKPOINT = Path(__file__).parents[2] / "Sources" / "DemoModel" / "checkpoint"
# Room for the one token that the harness has written after each text.
CONTEXT = 256

CHOICES = """\
task: gpt2_choices
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/choices.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{choices}}"
target_delimiter: ""
"""
ROLLING = """\
task: gpt2_rolling
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/rolling.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list: [{metric: word_perplexity, aggregation: weighted_perplexity, higher_is_better: false}]
"""
UNTIL = """\
task: gpt2_until
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/until.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{text}}"
doc_to_target: "{{wanted}}"
generation_kwargs: {until: ["\\n\\n", ":"], max_gen_toks: 40, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
QUESTIONS = [
    {"question": "To be, or not to", "choices": [" be", " sleep", " go away"], "answer": 0},
    {"question": "My kingdom for a", "choices": [" horse", " king, my lord", " x"], "answer": 0},
    {"question": "What say", "choices": [" you", " thou, my good lord?", "\n"], "answer": 1},
    {"question": "ROMEO:\nO, she doth teach the ", "choices": ["torches", "king to be"], "answer": 0},
]
TEXTS = ["Friends, Romans, countrymen, lend me your ears.", "naïve café 🙂",
         "To be, or not to be: that is the question. " * 40]


def evaluate(session, folder, task, batch=1, **arguments):
    """The harness's samples, by document."""
    model = {"model": session.model, "base_url": session.server.url + "/v1/completions", "max_retries": 1,
             "tokenizer_backend": "huggingface", "tokenizer": str(CHECKPOINT), "max_length": CONTEXT, **arguments}
    # The tasks that come with the harness are thousands of files, and its progress bars are noise here.
    with contextlib.redirect_stderr(io.StringIO()):
        result = simple_evaluate(
            model="local-completions", model_args=model, tasks=[task], batch_size=batch, log_samples=True,
            task_manager=TaskManager(include_path=str(folder), include_defaults=False), bootstrap_iters=0)
    return sorted(result["samples"][task], key=lambda sample: sample["doc_id"])


def lay_out(session, name, yaml, documents):
    folder = session.temporary / f"harness-{name}"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(yaml.replace("FOLDER", str(folder)))
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    return folder


def likelihood(session, tokens, first):
    """What `gpt2 score` gives the tokens from `first` on, and whether each is the likeliest in its place."""
    scores = session.program.score(tokens, logprobs=1)[first - 1 :]
    greedy = all(score["logprob"] == score["top_logprobs"][0]["logprob"] for score in scores)
    return sum(float(score["logprob"]) for score in scores), greedy


def check_loglikelihood(session):
    folder = lay_out(session, "choices", CHOICES, QUESTIONS)
    count, greedy = 0, 0
    for way in ({}, {"num_concurrent": 8}, {"batch": 4, "tokenized_requests": False}):
        for sample, document in zip(evaluate(session, folder, "gpt2_choices", **way), QUESTIONS, strict=True):
            for (found, choice) in zip(sample["filtered_resps"], document["choices"], strict=True):
                # The harness counts spaces at the end of a context as part of what follows it.
                tokens = session.program.tokens(document["question"] + choice)
                wanted = likelihood(session, tokens, len(session.program.tokens(document["question"].rstrip())))
                assert tuple(found) == wanted, f"{document} {choice!r}: the harness has {found}, gpt2 score {wanted}"
                count, greedy = count + 1, greedy + wanted[1]
    assert 0 < greedy < count, "choose continuations of which some are greedy"
    return f"{count} continuations, {greedy} of them greedy: one by one, 8 at once, in batches of text"


def check_rolling(session):
    folder = lay_out(session, "rolling", ROLLING, [{"text": text} for text in TEXTS])
    windows = 0
    for sample, text in zip(evaluate(session, folder, "gpt2_rolling", num_concurrent=4), TEXTS, strict=True):
        wanted = 0
        tokens = session.program.tokens(text)
        cuts = get_rolling_token_windows(tokens, prefix_token=1023, max_seq_len=CONTEXT - 2, context_len=1)
        for context, part in cuts:
            # All that the window repeats of what was scored already is its context.
            whole = context + part if len(context) == 1 else context[: len(context) - len(part) + 1] + part
            wanted += likelihood(session, whole, len(whole) - len(part))[0]
            windows += 1
        found = float(sample["filtered_resps"][0])
        assert found == wanted, f"{text[:40]!r}: the harness has {found}, gpt2 score {wanted}"
    return f"{len(TEXTS)} texts in {windows} windows"


def check_generate_until(session):
    prompts = [question["question"] for question in QUESTIONS]
    wanted = [session.program.generate(
        prompt, temperature=0, max_tokens=40, stop=["\n\n", ":", "<|endoftext|>"])["text"] for prompt in prompts]
    documents = [{"text": prompt, "wanted": text} for prompt, text in zip(prompts, wanted)]
    folder = lay_out(session, "until", UNTIL, documents)
    for way in ({}, {"num_concurrent": 4, "tokenized_requests": False}):
        samples = evaluate(session, folder, "gpt2_until", **way)
        found = [sample["resps"][0][0] for sample in samples]
        assert found == wanted, f"the harness has {found}, gpt2 generate {wanted}"
    return f"{len(wanted)} texts, as {wanted[0]!r}"
