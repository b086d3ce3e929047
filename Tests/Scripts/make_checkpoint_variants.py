"""Writes Tests/GPT2Tests/Fixtures/variants: one toy GPT-2 as different programs save it, and what transformers makes of it.

    pip install torch==2.13.0 transformers==5.24.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Scripts/make_checkpoint_variants.py [--output DIR]

variants.json:
    activations   {inputs, outputs: {name: values}}: every function of transformers' ACT2FN without weights, in float64
    variants      [{name, weights, config, generation, prompt, tokens, eos, bos, left_aside}]
        weights      the file beside it that stands as model.safetensors
        config       text of config.json; generation: text of generation_config.json, or null where there is none
        tokens       the most likely continuation by `GPT2LMHeadModel.generate`, an end of text included
        eos, bos     ids of the vocabulary that end texts, and the id that an empty prompt begins with, or null
        left_aside   names that transformers reports as unexpected, without the masks that it leaves out itself

The script stops when a greedy choice is too close to call.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from make_fixtures import FIXTURES, json_text, random_model
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.activations import ACT2FN
from transformers.utils import logging

SHAPE = dict(n_layer=2, n_head=2, n_embd=8, n_inner=12, n_positions=24, vocab_size=40)
PROMPT = [5, 6]
NEW_TOKENS = 10
LEAST_MARGIN = 1e-3
PREFIX = "transformer."


def weights_files(seed):
    """The same model under several hands: {file: tensors}."""
    generator = torch.Generator().manual_seed(seed)
    model = random_model(GPT2Config(**SHAPE), torch.float32, generator)
    plain = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    bare = {name.removeprefix(PREFIX): tensor for name, tensor in plain.items()}

    def noise(*shape):
        return torch.randn(shape, generator=generator)

    heads = {
        "score.weight": noise(3, 8), "v_head.summary.weight": noise(1, 8), "v_head.summary.bias": noise(1),
        "classifier.weight": noise(3, 8), "multiple_choice_head.summary.weight": noise(1, 8),
        "lm_head.bias": torch.zeros(40), "transformer.position_ids": torch.arange(24),
        "transformer.h.1.attn.extra": noise(3), "transformer.h.0.attn.masked_bias": torch.tensor(-1e4),
        "transformer.h.0.attn.bias": torch.ones(1, 1, 4, 4, dtype=torch.bool),
    }
    names = list(plain)
    return {
        "plain": plain,
        "mixed-names": {name if i % 2 else name.removeprefix(PREFIX): plain[name] for i, name in enumerate(names)},
        "heads": plain | heads,
        "head-copied": bare | {"lm_head.weight": bare["wte.weight"].clone()},
        "head-other": plain | {"lm_head.weight": 0.4 * noise(40, 8)},
        "head-alone": {**{n: t for n, t in plain.items() if "wte" not in n}, "lm_head.weight": bare["wte.weight"]},
        # Values that no fp32 has, so that rounding counts.
        "f64": {name: tensor.double() * (1 + 1e-9) for name, tensor in plain.items()},
        "mixed-types": {
            name: tensor.to((torch.float32, torch.float64, torch.bfloat16, torch.float16)[i % 4])
            for i, (name, tensor) in enumerate(plain.items())
        },
    }


def variants():
    """(name, weights, keys of config.json or its text, generation_config.json or None)."""
    yield "plain", "plain", {}, None
    for weights in ("mixed-names", "heads", "head-copied", "head-other", "head-alone", "f64", "mixed-types"):
        yield weights, weights, {}, None
    yield "untied, a head of its own", "head-other", {"tie_word_embeddings": False}, None

    ends = {"eos_token_id": 7, "bos_token_id": 3}
    yield "ends: config.json alone", "plain", "EOS", None
    yield "ends: a list in config.json", "plain", {"eos_token_id": [39, "EOS"]}, None
    yield "ends: generation_config.json wins", "plain", ends, {"eos_token_id": "EOS", "bos_token_id": 9}
    yield "ends: a list wins", "plain", ends, {"eos_token_id": [39, "EOS"]}
    yield "ends: generation_config.json without the key", "plain", {"eos_token_id": "EOS", "bos_token_id": 3}, {}
    yield "ends: null", "plain", {"eos_token_id": "EOS", "bos_token_id": 3}, {"eos_token_id": None}
    yield "ends: bos only", "plain", {"eos_token_id": "EOS"}, {"bos_token_id": 9}
    yield "ends: _from_model_config", "plain", {"eos_token_id": "EOS"}, {"_from_model_config": True}
    yield "ends: -1", "plain", {"eos_token_id": "EOS"}, {"eos_token_id": -1}
    yield "ends: -1 in a list", "plain", {}, {"eos_token_id": [-1, "EOS"]}
    yield "ends: none in an empty list", "plain", {"eos_token_id": "EOS"}, {"eos_token_id": []}
    yield "ends: beyond the vocabulary", "plain", {"eos_token_id": "EOS"}, {"eos_token_id": 50256, "bos_token_id": 0}
    yield "ends: written as a float", "plain", {}, {"eos_token_id": "EOS.0"}
    yield "ends: NaN beside", "plain", ends, {"eos_token_id": "EOS", "temperature": float("nan")}
    yield "ends: in task_specific_params", "plain", {"task_specific_params": {"text-generation": {"eos_token_id": 7}}}, None

    yield "null model_type, NaN, infinities", "plain", {
        "model_type": None, "x": [float("nan"), float("inf"), float("-inf")]}, None
    yield "other names", "plain", "RENAMED", None
    yield "n_ctx beside, reordered attention", "plain", {"n_ctx": 99, "reorder_and_upcast_attn": True}, None
    yield "scales", "plain", {"scale_attn_by_inverse_layer_idx": True, "scale_attn_weights": False}, None
    yield "epsilon", "plain", {"layer_norm_epsilon": 0.5}, None
    for name in sorted(ACT2FN):
        if name not in ("prelu", "xielu"):
            yield f"activation: {name}", "plain", {"activation_function": name}, None


def texts(keys, generation, end):
    """The text of both files, `EOS` being the end that the continuation meets."""
    config = {"model_type": "gpt2", **SHAPE}
    if keys == "EOS":
        config |= {"eos_token_id": end, "bos_token_id": 3}
    elif keys == "RENAMED":
        names = {value: key for key, value in GPT2Config.attribute_map.items()}
        config = {names.get(key, key): value for key, value in config.items()}
    else:
        config |= keys

    def text(value):
        return json.dumps(value).replace('"EOS.0"', f"{end}.0").replace('"EOS"', str(end))

    return text(config), None if generation is None else text(generation)


@torch.no_grad()
def margin(model, tokens):
    """The closest call among the choices after the prompt, in float64."""
    best = torch.topk(model(torch.tensor([tokens])).logits[0, len(PROMPT) - 1 : -1], 2).values
    return (best[:, 0] - best[:, 1]).min().item()


def reference(weights, config, generation):
    """What transformers makes of the folder: ids, ends and names left aside, and the margin of the closest call."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.safetensors").symlink_to(weights.resolve())
        (folder / "config.json").write_text(config)
        if generation is not None:
            (folder / "generation_config.json").write_text(generation)
        model, report = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        double = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float64).eval()
    assert not (report["missing_keys"] or report["mismatched_keys"]), report
    prompt = torch.tensor([PROMPT])
    out = model.eval().generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0)
    found = out[0].tolist()
    eos, bos = model.generation_config.eos_token_id, model.generation_config.bos_token_id
    eos = eos if isinstance(eos, list) else [] if eos is None else [eos]
    return dict(
        prompt=PROMPT, tokens=found[len(PROMPT) :], eos=[int(id) for id in eos if 0 <= id < 40], bos=bos,
        left_aside=sorted(name for name in report["unexpected_keys"] if not name.endswith("attn.masked_bias")),
    ), margin(double, found)


def activations():
    """Values of every function where they bend, in float64."""
    inputs = [-30, -12, -6, -4, -3, -2.5, -1.75, -1, -0.75, -0.625, -0.3, -0.01, 0, 0.01, 0.3, 0.625, 0.7, 1, 1.75, 2.5,
              3, 4, 6, 9.5, 12, 30]
    x = torch.tensor(inputs, dtype=torch.float64)
    outputs = {name: ACT2FN[name](x).tolist() for name in sorted(ACT2FN) if name not in ("prelu", "xielu")}
    return dict(inputs=inputs, outputs=outputs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=FIXTURES / "variants")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, tensors in weights_files(arguments.seed).items():
        save_file({n: t.contiguous() for n, t in tensors.items()}, folder / f"{name}.safetensors", metadata={"format": "pt"})

    end, table, closest = None, [], float("inf")
    for name, weights, keys, generation in variants():
        config, generation = texts(keys, generation, end)
        result, gap = reference(folder / f"{weights}.safetensors", config, generation)
        if end is None:
            # The fourth new token is the end of all the others, so that a text that runs on shows.
            end = result["tokens"][3]
            assert end not in result["tokens"][:3] and end not in (3, 7, 9, 39), result
        closest = min(closest, gap)
        assert gap >= LEAST_MARGIN, f"{name}: a margin of {gap:.1e}; take another seed"
        table.append(dict(name=name, weights=f"{weights}.safetensors", config=config, generation=generation, **result))
    distinct = len({tuple(row["tokens"]) for row in table})
    (folder / "variants.json").write_text(json_text(dict(activations=activations(), variants=table)))
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{len(table)} variants, {distinct} different texts, closest call {closest:.1e}, {size:,} bytes")


if __name__ == "__main__":
    main()
