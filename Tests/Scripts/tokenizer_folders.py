"""Folders with tokenizers of every kind that people bring, and texts to try them on.

Nothing here comes from elsewhere: the vocabularies are trained on this project's own documents.
"""

import json
import pathlib
import random

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
END = "<|endoftext|>"
CONFIG = {"model_type": "gpt2"}


def train(size, alphabet=True, special=(END,)):
    """Vocabulary and merges of a byte-level BPE; without `alphabet`, only of the bytes that were seen."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    first = sorted(pre_tokenizers.ByteLevel.alphabet()) if alphabet else []
    text = (ROOT / "docs/WIRE.md").read_text()
    text = text if alphabet else "".join(c for c in text if c not in "qzQZ~^%$@" and ord(c) < 128)
    bpe.train_from_iterator([text[:20000]], trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=first, show_progress=False))
    model = json.loads(bpe.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def added(token, content, **flags):
    return {"id": token, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": not flags.get("special", False), "special": False} | flags


def decoder(tokens):
    return {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in tokens}


def byte_level(prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def tokenizer_json(vocab, merges, tokens=(), pre=None, post=None, normalizer=None, **model):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(tokens),
            "normalizer": normalizer, "pre_tokenizer": pre or byte_level(), "post_processor": post,
            "decoder": byte_level(),
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                      "vocab": vocab, "merges": [list(merge) for merge in merges]} | model}


def plain(vocab, merges):
    """vocab.json and merges.txt."""
    return {"vocab.json": vocab, "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges)}


def template(single, ids):
    pieces = [{"Sequence": {"id": "A", "type_id": 0}} if piece == "$A"
              else {"SpecialToken": {"id": piece, "type_id": 0}} for piece in single]
    pair = pieces + [{"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pair,
            "special_tokens": {name: {"id": name, "ids": [token], "tokens": [name]} for name, token in ids.items()}}


def fixed_folders(size=330):
    """Name → files. A file is text, or a value that is written as JSON."""
    vocab, merges = train(size)
    n = len(vocab)
    end = added(vocab[END], END, special=True)
    four = [end, added(n, "<user>"), added(n + 1, "<bot>"), added(n + 2, "<|pad|>", special=True)]
    four_config = {"add_prefix_space": False, "bos_token": END, "eos_token": END, "unk_token": END,
                   "pad_token": "<|pad|>", "tokenizer_class": "GPT2Tokenizer", "added_tokens_decoder": decoder(four)}
    four_map = {"bos_token": END, "eos_token": END, "unk_token": END, "pad_token": "<|pad|>"}
    beside = {"added_tokens.json": {"<user>": n, "<bot>": n + 1, "<|pad|>": n + 2}, "special_tokens_map.json": four_map}

    inside, inside_merges = train(size, special=("<pad>", "<s>", "</s>", "<unk>"))
    few, few_merges = train(size // 2, alphabet=False)
    strips = [end, added(n, "<l>", lstrip=True), added(n + 1, "<r>", rstrip=True, special=True),
              added(n + 2, "<lr>", lstrip=True, rstrip=True, normalized=False),
              added(n + 3, "word", single_word=True), added(n + 4, "token"), added(n + 5, "tokens", normalized=False),
              added(n + 6, "<r>x", special=True), added(n + 7, "  "), added(n + 8, "é", single_word=True, special=True),
              added(n + 9, "Ġnew"), added(n + 10, "日本", lstrip=True)]
    odd = list(merges)
    random.Random(7).shuffle(odd)
    holes = {spelling: token if token < 300 else 2 * token for spelling, token in vocab.items()}
    generic = {"tokenizer_class": "PreTrainedTokenizerFast"}
    mixed = [end, added(n, "User"), added(n + 1, "<B>", special=True), added(n + 2, "KEEP", normalized=False)]
    return {
        "hf4-fast": plain(vocab, merges) | beside | {
            "tokenizer.json": tokenizer_json(vocab, merges, four), "tokenizer_config.json": four_config},
        "hf4-slow": plain(vocab, merges) | beside | {"tokenizer_config.json": four_config},
        "hf4-legacy": plain(vocab, merges) | beside | {
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True}},
        "specials-inside-vocab": plain(inside, inside_merges) | {
            "special_tokens_map.json": {
                "bos_token": {"content": "<s>", "lstrip": True, "normalized": True}, "eos_token": "</s>",
                "pad_token": "<pad>", "unk_token": "<unk>"}},
        "prefix-space": plain(vocab, merges) | {
            "tokenizer.json": tokenizer_json(vocab, merges, [end], pre=byte_level(prefix=True)),
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}},
        "prefix-space-not-said": {
            "tokenizer.json": tokenizer_json(vocab, merges, [end], pre=byte_level(prefix=True)),
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"}},
        "prefix-space-generic": {
            "tokenizer.json": tokenizer_json(vocab, merges, four, pre=byte_level(prefix=True)),
            "tokenizer_config.json": generic},
        "missing-alphabet": {
            "tokenizer.json": tokenizer_json(few, few_merges, [end | {"id": few[END]}]),
            "tokenizer_config.json": {"tokenizer_class": "GPT2TokenizerFast"}},
        "missing-alphabet-unknown": {
            "tokenizer.json": tokenizer_json(few, few_merges, [end | {"id": few[END]}], unk_token=END),
            "tokenizer_config.json": generic},
        "missing-alphabet-fused": {
            "tokenizer.json": tokenizer_json(few, few_merges, [], unk_token=END, fuse_unk=True),
            "tokenizer_config.json": generic},
        "template": {
            "tokenizer.json": tokenizer_json(inside, inside_merges, [
                added(inside[name], name, special=True) for name in ("<pad>", "<s>", "</s>", "<unk>")],
                post={"type": "Sequence", "processors": [
                    byte_level(), template(["<s>", "$A", "</s>"], {"<s>": inside["<s>"], "</s>": inside["</s>"]})]}),
            "tokenizer_config.json": generic | {"bos_token": "<s>", "eos_token": "</s>"}},
        "template-roberta": {
            "tokenizer.json": tokenizer_json(inside, inside_merges, [], post={
                "type": "RobertaProcessing", "sep": ["</s>", inside["</s>"]], "cls": ["<s>", inside["<s>"]],
                "trim_offsets": True, "add_prefix_space": False}),
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True}},
        "strips": {
            "tokenizer.json": tokenizer_json(vocab, merges, strips),
            "tokenizer_config.json": generic | {"pad_token": "[PAD]", "additional_special_tokens": ["[X]"]}},
        "strips-slow": plain(vocab, merges) | {
            "tokenizer_config.json": {"added_tokens_decoder": decoder(strips), "eos_token": "[EOS]",
                                      "extra_special_tokens": ["[X]"], "image_token": "[IMAGE]"}},
        "lowercase": {
            "tokenizer.json": tokenizer_json(vocab, merges, mixed, normalizer={"type": "Lowercase"}),
            "tokenizer_config.json": generic},
        "digits": {
            "tokenizer.json": tokenizer_json(
                vocab, merges, [end], ignore_merges=True,
                pre={"type": "Sequence", "pretokenizers": [
                    {"type": "Digits", "individual_digits": True}, byte_level(prefix=True)]}),
            "tokenizer_config.json": generic},
        "no-pattern": {
            "tokenizer.json": tokenizer_json(vocab, merges, [end], pre=byte_level(regex=False)),
            "tokenizer_config.json": generic},
        "odd-merges": {
            "tokenizer.json": tokenizer_json(holes, odd + merges[:9], [end | {"id": holes[END]}]),
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "added_tokens_decoder": decoder(
                [end, added(5, "<|five|>"), added(99999, "<|far|>")])}},
        "alone": {"tokenizer.json": tokenizer_json(vocab, merges, [end, added(n, "<user>")], pre=byte_level(prefix=True)),
                  "config.json": None},
        "split-special": plain(vocab, merges) | {"tokenizer_config.json": {"split_special_tokens": True}},
    }


def random_folder(rng):
    """A folder whose settings are thrown with dice; transformers may refuse it."""
    vocab, merges = RANDOM_BASE
    n = len(vocab)
    contents = ["<a>", "<b>", "<ab>", "word", "token", " x", "é", "日本", "<|pad|>", END, "he", "Ġthe", "", "\n", "<S>"]

    def flags(token):
        for key in ("lstrip", "rstrip", "single_word", "normalized", "special"):
            if rng.random() < 0.3:
                token[key] = rng.random() < 0.5
        return token

    def maybe(chance, value):
        return value if rng.random() < chance else None

    def tokens():
        return [flags(added(rng.choice([n, n + 1, n + 5, 3, 260]) + i, content))
                for i, content in enumerate(rng.sample(contents, rng.randint(0, 5)))]

    def name(typed):
        content = rng.choice(contents)
        if rng.random() < 0.6:
            return content
        return flags(({"__type": "AddedToken"} if typed else {}) | {"content": content})

    config = {}
    kind = rng.choice([None, "GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast", "SomeTokenizer",
                       "CodeGenTokenizer"])
    if kind:
        config["tokenizer_class"] = kind
    for key in ("bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "my_token"):
        if rng.random() < 0.2:
            config[key] = rng.choice([None, name(True), name(True)])
    for key in ("add_bos_token", "add_eos_token", "add_prefix_space", "split_special_tokens"):
        if rng.random() < 0.15:
            config[key] = rng.random() < 0.7
    for key in ("additional_special_tokens", "extra_special_tokens"):
        if rng.random() < 0.2:
            config[key] = [name(True) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.1:
        config["extra_special_tokens"] = {"own_token": name(True)}
    if rng.random() < 0.4:
        config["added_tokens_decoder"] = decoder(tokens())
    files = {}
    if rng.random() < 0.8:
        files["tokenizer_config.json"] = config
    if rng.random() < 0.4:
        mapped = {key: name(False) for key in ("bos_token", "eos_token", "pad_token", "mask_token", "other_token")
                  if rng.random() < 0.3}
        if rng.random() < 0.3:
            mapped["additional_special_tokens"] = [rng.choice(contents) for _ in range(rng.randint(0, 3))]
        if rng.random() < 0.2:
            mapped["extra_special_tokens"] = [name(False) for _ in range(rng.randint(0, 3))]
        files["special_tokens_map.json"] = mapped
    if rng.random() < 0.3:
        files["added_tokens.json"] = {content: n + rng.randint(0, 9) for content in rng.sample(contents, 2)}
    if rng.random() < 0.5:
        files |= plain(vocab, merges)
    if rng.random() < 0.6 or "vocab.json" not in files:
        post = rng.choice([None, None, byte_level(), template(["a", "$A"], {"a": 7}),
                           template(["$A", "b", "b"], {"b": 9}),
                           {"type": "Sequence", "processors": [
                               byte_level(), template(["b", "$A", "a"], {"a": 8, "b": 9}), byte_level()]}])
        pre = rng.choice([None, byte_level(True), byte_level(False, False), byte_level(True, False),
                          {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": False},
                                                                 byte_level(True)]}])
        files["tokenizer.json"] = tokenizer_json(
            vocab, merges, tokens(), pre=pre, post=post, normalizer=maybe(0.2, {"type": "Lowercase"}),
            ignore_merges=rng.random() < 0.2)
    if rng.random() < 0.2:
        files["config.json"] = None
    return files


RANDOM_BASE = train(300)


def write(files, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in ({"config.json": CONFIG} | files).items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            (folder / name).write_text(text)


WORDS = ("the of a to stage worker message bytes frame token tokens word words credit link don't we'll I'M x1 12 345 "
         "naïve café Straße über İstanbul ΑΣ日本 日本語 한국 العربية हिन्दी 🙂 👩‍👩‍👧 é e\u0301 ǅ Ⅷ ½ ٣ _a a_ KEEP User user <B> <b>").split()
GAPS = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "", "", ".", ", ", "'", "_", "\u200d"]


def texts(files, count, seed, length=14):
    """Random texts, with the added tokens of `files` strewn in."""
    rng = random.Random(seed)
    inserts = {END, "<s>", "</s>", "<unk>", "<pad>", "[PAD]", "[X]", "[EOS]", "[IMAGE]", "Ġnew", "<a>", "<ab>"}
    for value in files.values():
        if isinstance(value, dict):
            inserts |= {token["content"] for token in value.get("added_tokens") or []}
            inserts |= {token["content"] for token in (value.get("added_tokens_decoder") or {}).values()}
    inserts |= set(files.get("added_tokens.json") or {})
    inserts = sorted(inserts - {""})
    inserts += [text[:-1] for text in inserts if len(text) > 1] + [text.upper() for text in inserts]
    result = []
    for _ in range(count):
        pieces = []
        for _ in range(rng.randint(0, length)):
            dice = rng.random()
            if dice < 0.3:
                pieces.append(rng.choice(inserts))
            elif dice < 0.7:
                pieces.append(rng.choice(WORDS))
            elif dice < 0.75:
                pieces.append(character(rng))
            pieces.append(rng.choice(GAPS))
        result.append("".join(pieces))
    return result


def character(rng):
    """Any character but surrogates, of those that were assigned in Unicode 14: newer letters are letters only here."""
    import unicodedata
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x30000)])
        if unicodedata.category(chr(code)) not in ("Cs", "Cn"):
            return chr(code)
