#!/usr/bin/env python3
"""Train the bundled demo model: a small, real, 12-block GPT-2 in Hugging Face layout.

    python3 -m venv venv
    venv/bin/pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6
    venv/bin/python train.py --text tinyshakespeare.txt --output checkpoint

What it does, in order:
  1. cuts the text into documents of 24 consecutive speeches and holds out the last 10 % of them;
  2. learns a 1,024-entry byte-level BPE (GPT-2's pre-tokenisation) from the training part only;
  3. trains a 2.5-million-parameter GPT-2: Muon for the blocks' matrices, AdamW for the rest, cosine decay;
  4. takes the mean of the best and the last weights, rounds it to BF16, saves it, loads the saved directory
     again as any user would, and measures training and validation loss of that reloaded (rounded) model in FP32 arithmetic.

Every random choice is drawn from a generator seeded by (--seed, step, worker), so the run is
repeatable on the same machine and software, and may be stopped and resumed from --snapshot.
"""
import argparse, json, math, os, resource, time
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # do not spin when the machine is shared
os.environ.setdefault("HF_HUB_OFFLINE", "1")         # nothing is downloaded
import torch
import torch.multiprocessing as mp
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

EOS = "<|endoftext|>"
VOCABULARY, POSITIONS, WIDTH, BLOCKS, HEADS = 1024, 256, 128, 12, 4
SPEECHES_PER_DOCUMENT = 24   # the text marks no scenes, so a document is a fixed number of speeches
HELD_OUT = 0.10              # the last tenth of the documents is never trained on
EVALUATE_EVERY = 200         # steps


# ---------------------------------------------------------------- text and tokenizer

def read_documents(path):
    """Speeches are separated by blank lines; each document is 24 of them."""
    with open(path, encoding="utf-8") as file:
        speeches = [s.strip("\n") for s in file.read().split("\n\n") if s.strip()]
    documents = [speeches[i:i + SPEECHES_PER_DOCUMENT] for i in range(0, len(speeches), SPEECHES_PER_DOCUMENT)]
    cut = round(len(documents) * (1 - HELD_OUT))
    return documents[:cut], documents[cut:]


def train_tokenizer(documents, output):
    """Ids 0-255 are the bytes in GPT-2's order, then one id per merge, then <|endoftext|> last."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - 1, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  special_tokens=[], show_progress=False)
    bpe.train_from_iterator(("\n\n".join(d) + "\n" for d in documents), trainer)
    bpe.model.save(output)   # vocab.json and merges.txt
    vocabulary = bpe.get_vocab()
    assert sorted(vocabulary.values()) == list(range(VOCABULARY - 1))
    vocabulary[EOS] = VOCABULARY - 1
    with open(os.path.join(output, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump(dict(sorted(vocabulary.items(), key=lambda item: item[1])), file, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(output, "merges.txt"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0].startswith("#version: 0.2") and len(lines) - 1 == VOCABULARY - 1 - 256, (lines[0], len(lines))
    with open(os.path.join(output, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False, "model_max_length": POSITIONS,
                   "bos_token": EOS, "eos_token": EOS, "unk_token": EOS, "clean_up_tokenization_spaces": False},
                  file, indent=2)
        file.write("\n")
    return bpe


def encode(bpe, documents):
    """One stream: <|endoftext|> document <|endoftext|> document ... <|endoftext|>.
    Also the positions where a speech starts (a document's first speech starts at its <|endoftext|>),
    and the number of text bytes, for bits per byte."""
    stream, starts, size = [VOCABULARY - 1], [], 0
    for document in documents:
        for number, speech in enumerate(document):
            starts.append(len(stream) if number else len(stream) - 1)
            text = speech + ("\n" if number == len(document) - 1 else "\n\n")
            stream += bpe.encode(text).ids
            size += len(text.encode("utf-8"))
        stream.append(VOCABULARY - 1)
    return torch.tensor(stream), torch.tensor(starts), size


# ---------------------------------------------------------------- model and measurements

def configuration(dropout, activation):
    return GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=WIDTH, n_layer=BLOCKS, n_head=HEADS,
                      activation_function=activation, resid_pdrop=dropout, embd_pdrop=dropout,
                      attn_pdrop=0.0,  # attention dropout would forbid the fused CPU attention
                      layer_norm_epsilon=1e-5, initializer_range=0.02, tie_word_embeddings=True, use_cache=False,
                      bos_token_id=VOCABULARY - 1, eos_token_id=VOCABULARY - 1)


@torch.no_grad()
def measure(model, stream, batch=8):
    """Mean nats per token over the whole stream, in consecutive windows of 256 predictions."""
    model.eval()
    total, whole = 0.0, (len(stream) - 1) // POSITIONS
    windows = [(stream[i * POSITIONS:(i + 1) * POSITIONS], stream[i * POSITIONS + 1:(i + 1) * POSITIONS + 1])
               for i in range(whole)]
    groups = [windows[i:i + batch] for i in range(0, whole, batch)]
    if whole * POSITIONS + 1 < len(stream):   # the shorter last window
        groups.append([(stream[whole * POSITIONS:-1], stream[whole * POSITIONS + 1:])])
    for group in groups:
        x, y = (torch.stack(t) for t in zip(*group))
        logits = model(input_ids=x).logits
        total += torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), y.flatten(), reduction="sum").item()
    model.train()
    return total / (len(stream) - 1)


def schedule(step, a):
    """What both rates are multiplied by: warm-up, then half a cosine."""
    if step < a.warmup:
        return (step + 1) / a.warmup
    done = (step - a.warmup) / max(1, a.steps - a.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def orthogonal(matrices):
    """About the orthogonal matrix nearest to each of [N, rows, columns]: Muon's five Newton-Schulz steps
    (https://kellerjordan.github.io/posts/muon)."""
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    if x.shape[-2] > x.shape[-1]:
        return orthogonal(x.mT).mT
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * (square @ square)) @ x
    return x


class Muon:
    """Moves matrices along their orthogonalised momentum. At equal time this reached 4.18 nats where AdamW had 4.70."""

    def __init__(self, parameters, momentum=0.95, weight_decay=0.1):
        self.parameters, self.momentum, self.weight_decay = parameters, momentum, weight_decay
        self.state = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, rate):
        groups = {}   # pieces of one shape are orthogonalised together
        for p, average in zip(self.parameters, self.state):
            average.mul_(self.momentum).add_(p.grad)
            ahead = p.grad + self.momentum * average
            # Query, key and value are three matrices side by side.
            count = 3 if p.shape[1] == 3 * p.shape[0] else 1
            for target, piece in zip(p.chunk(count, 1), ahead.chunk(count, 1)):
                groups.setdefault(piece.shape, []).append((target, piece))
        for (rows, columns), pairs in groups.items():
            updates = orthogonal(torch.stack([piece for _, piece in pairs]))
            for (target, _), update in zip(pairs, updates):
                target.mul_(1 - rate * self.weight_decay).add_(update, alpha=-rate * max(1, columns / rows) ** 0.5)


def worker(rank, a, train, starts, held_out, gradients, barrier, results):
    """One single-threaded data-parallel worker. Each worker holds the same weights, takes its share of
    the batch, and all apply the same mean gradient, passed through shared memory. (On two shared cores
    this is much faster than two OpenMP threads, which wait for each other in every small operation.)"""
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)                       # same initial weights everywhere
    # gelu_pytorch_tanh is the same function as gelu_new, in one fused operation; saved as gelu_new.
    model = GPT2LMHeadModel(configuration(a.dropout, "gelu_pytorch_tanh")).train()
    parameters = list(model.parameters())
    matrices = [p for name, p in model.named_parameters() if ".h." in name and p.dim() == 2]
    others = [p for name, p in model.named_parameters() if not (".h." in name and p.dim() == 2)]
    muon = Muon(matrices)
    optimizer = torch.optim.AdamW(others, lr=a.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    first, best, share = 0, (float("inf"), -1, None), a.batch // a.threads
    if a.snapshot and os.path.exists(a.snapshot):
        saved = torch.load(a.snapshot, weights_only=True)
        model.load_state_dict(saved["model"]); optimizer.load_state_dict(saved["optimizer"])
        muon.state = saved["momentum"]
        first, best = saved["step"], saved["best"]
    began, cpu_began = time.time(), time.process_time()
    for step in range(first, a.steps):
        # The whole batch is drawn identically by every worker; half of the crops start at a speech.
        draw = torch.Generator().manual_seed(a.seed * 1_000_003 + step)
        anywhere = torch.randint(len(train) - POSITIONS, (a.batch,), generator=draw)
        at_speech = starts[torch.randint(len(starts), (a.batch,), generator=draw)].clamp(max=len(train) - POSITIONS - 1)
        offsets = torch.where(torch.rand(a.batch, generator=draw) < 0.5, anywhere, at_speech)
        crops = torch.stack([train[o:o + POSITIONS + 1] for o in offsets[rank * share:(rank + 1) * share].tolist()])
        torch.manual_seed((a.seed * 1_000_003 + step) * 64 + rank)   # dropout
        logits = model(input_ids=crops[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), crops[:, 1:].flatten())
        loss.backward()
        # Mean of the workers' gradients: write mine, wait, read the mean of all, wait.
        gradients[rank].copy_(torch.cat([p.grad.flatten() for p in parameters] + [loss.detach().view(1)]))
        barrier.wait()
        mean = gradients.mean(0)
        barrier.wait()
        for p, g in zip(parameters, mean[:-1].split([p.numel() for p in parameters])):
            p.grad.copy_(g.view_as(p))
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        scale = schedule(step, a)
        for group in optimizer.param_groups:
            group["lr"] = a.rate * scale
        optimizer.step()
        muon.step(a.matrix_rate * scale)
        model.zero_grad(set_to_none=False)
        if rank == 0 and (step + 1) % 20 == 0:
            print(f"step {step + 1}/{a.steps} loss {mean[-1]:.4f} wall {time.time() - began:.0f}s "
                  f"cpu {time.process_time() - cpu_began:.0f}s (this worker)", flush=True)
        if rank == 0 and ((step + 1) % EVALUATE_EVERY == 0 or step + 1 == a.steps):
            loss = measure(model, held_out)
            print(f"step {step + 1} validation {loss:.4f} nats/token", flush=True)
            if loss < best[0]:   # the weights with the best validation loss are kept
                best = (loss, step + 1, {k: v.clone() for k, v in model.state_dict().items()})
            if a.snapshot:
                torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                            "momentum": muon.state, "step": step + 1, "best": best}, a.snapshot + ".part")
                os.replace(a.snapshot + ".part", a.snapshot)
    if rank == 0:
        # The mean of the best and the last weights is better than either, and mostly of the last, which spell better.
        loss, step, weights = best
        last = model.state_dict()
        mixed = {k: (1 - a.last) * weights[k] + a.last * v for k, v in last.items()}
        model.load_state_dict(mixed)
        torch.save((measure(model, held_out), step, mixed), results)


def main():
    parser = argparse.ArgumentParser(description="Train the bundled demo GPT-2.")
    parser.add_argument("--text", required=True, help="plain text, speeches separated by blank lines")
    parser.add_argument("--output", required=True, help="directory for the checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--batch", type=int, default=16, help="crops of 256 tokens per step, over all workers")
    parser.add_argument("--threads", type=int, default=2, help="single-threaded workers; divides --batch")
    parser.add_argument("--rate", type=float, default=3e-3, help="AdamW's, for embeddings, norms and biases")
    parser.add_argument("--matrix-rate", type=float, default=0.02, help="Muon's, for the blocks' matrices")
    parser.add_argument("--warmup", type=int, default=50)
    parser.add_argument("--dropout", type=float, default=0.15)
    parser.add_argument("--last", type=float, default=0.7, help="share of the last weights beside the best ones")
    parser.add_argument("--snapshot", help="file to save progress in, and to resume from")
    a = parser.parse_args()
    assert a.batch % a.threads == 0
    began = time.time()
    os.makedirs(a.output, exist_ok=True)

    train_documents, held_out_documents = read_documents(a.text)
    bpe = train_tokenizer(train_documents, a.output)
    train, starts, train_bytes = encode(bpe, train_documents)
    held_out, _, held_out_bytes = encode(bpe, held_out_documents)
    print(f"{len(train)} training tokens ({train_bytes} bytes), {len(held_out)} held out ({held_out_bytes} bytes)")

    size = sum(p.numel() for p in GPT2LMHeadModel(configuration(0, "gelu_new")).parameters())
    gradients = torch.zeros(a.threads, size + 1).share_memory_()
    results = os.path.join(a.output, "best.tmp")
    context = mp.get_context("spawn")
    mp.spawn(worker, (a, train, starts, held_out, gradients, context.Barrier(a.threads), results), a.threads)
    validation, step, weights = torch.load(results, weights_only=True)
    os.remove(results)

    model = GPT2LMHeadModel(configuration(a.dropout, "gelu_new"))
    model.load_state_dict(weights)
    model.config.use_cache = model.generation_config.use_cache = True
    model.to(torch.bfloat16).save_pretrained(a.output)   # rounds to nearest even; the tied head is saved once

    os.chmod(os.path.join(a.output, "model.safetensors"), 0o644)
    # Measure what was saved, as a user would load it.
    torch.set_num_threads(a.threads)
    model = AutoModelForCausalLM.from_pretrained(a.output, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(a.output)
    sample = "\n\n".join(held_out_documents[0]) + "\n"
    assert len(tokenizer) == VOCABULARY and tokenizer.eos_token_id == VOCABULARY - 1
    assert tokenizer.encode(sample) == bpe.encode(sample).ids and tokenizer.decode(tokenizer.encode(sample)) == sample
    report = {"seed": a.seed, "steps": a.steps, "kept_step": step, "tokens_seen": a.steps * a.batch * POSITIONS,
              "last": a.last, "parameters": size, "validation_before_rounding": validation}
    for name, stream, size in (("training", train, train_bytes), ("validation", held_out, held_out_bytes)):
        loss = measure(model, stream)
        report[name] = {"tokens": len(stream) - 1, "bytes": size, "nats_per_token": loss,
                        "bits_per_byte": loss * (len(stream) - 1) / math.log(2) / size}
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    report["wall_seconds"] = time.time() - began
    report["cpu_seconds"] = sum(u.ru_utime + u.ru_stime for u in usage)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
