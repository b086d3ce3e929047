"""Folders that are wrong in ways that people and their tools make them: each has to end in one line, or in the right ids."""

import json

from tokenizer_folders import END, added, byte_level, decoder, plain, template, tokenizer_json, train


def odd_folders():
    vocab, merges = train(300)
    n = len(vocab)
    base = plain(vocab, merges)
    generic = {"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}

    def config(**values):
        return base | {"tokenizer_config.json": values}

    def with_vocab(**extra):
        return plain(vocab | extra, merges)

    def whole(tokens=(), **settings):
        return generic | {"tokenizer.json": tokenizer_json(vocab, merges, tokens, **settings)}

    def nested(depth):
        inner = byte_level()
        for _ in range(depth):
            inner = {"type": "Sequence", "pretokenizers": [inner]}
        return inner

    loop = template(["a", "$A"], {"a": 3})
    folders = {
        "config is a list": base | {"tokenizer_config.json": []},
        "config is a number": base | {"tokenizer_config.json": 7},
        "config is empty": base | {"tokenizer_config.json": ""},
        "config is cut": base | {"tokenizer_config.json": '{"bos_token": "<s'},
        "config has NaN": base | {"tokenizer_config.json": '{"model_max_length": NaN}'},
        "config says a key twice": base | {"tokenizer_config.json": '{"bos_token": "a", "bos_token": "b"}'},
        "class is a number": config(tokenizer_class=5),
        "class is empty": config(tokenizer_class=""),
        "class is null": config(tokenizer_class=None),
        "class is of BERT": config(tokenizer_class="BertTokenizerFast"),
        "bos is a number": config(bos_token=5),
        "bos is a list": config(bos_token=["<s>"]),
        "bos is empty": config(bos_token="", add_bos_token=True),
        "bos is null": config(bos_token=None, add_bos_token=True),
        "bos is of no entry": config(bos_token="<none>", add_bos_token=True),
        "bos has a space": config(bos_token="a b", add_bos_token=True),
        "bos is 10 MB": config(bos_token="x" * 10_000_000),
        "bos is an object without content": config(bos_token={"__type": "AddedToken"}),
        "prefix space is a string": config(add_prefix_space="true"),
        "prefix space is null": config(add_prefix_space=None),
        "extra tokens are a string": config(extra_special_tokens="<x>"),
        "extra tokens hold a number": config(additional_special_tokens=["<x>", 5]),
        "extra tokens are 20,000": config(additional_special_tokens=[f"<extra {i}>" for i in range(20_000)]),
        "decoder is a list": config(added_tokens_decoder=[{"content": "x"}]),
        "decoder has a word for an id": config(added_tokens_decoder={"x": {"content": "<x>"}}),
        "decoder has a negative id": config(added_tokens_decoder={"-5": {"content": "<x>"}}),
        "decoder has a huge id": config(added_tokens_decoder={"99999999999999999999": {"content": "<x>"}}),
        "decoder has a string for a token": config(added_tokens_decoder={"5": "<x>"}),
        "decoder has numbers for flags": config(added_tokens_decoder={"5": {"content": "<x>", "lstrip": 1}}),
        "decoder has an empty content": config(added_tokens_decoder={"5": {"content": ""}}),
        "decoder has a 10 MB content": config(added_tokens_decoder={"5": {"content": "x" * 10_000_000}}),
        "added_tokens.json is a list": base | {"added_tokens.json": ["<x>"]},
        "added_tokens.json has a string for an id": base | {"added_tokens.json": {"<x>": "5"}},
        "added_tokens.json has an empty content": base | {"added_tokens.json": {"": 5}},
        "map is a list": base | {"special_tokens_map.json": []},
        "map has a number": base | {"special_tokens_map.json": {"bos_token": 7}},
        "map has a token with lone surrogates": base | {"special_tokens_map.json": '{"bos_token": "\\ud800"}'},
        "vocabulary is a list": base | {"vocab.json": list(vocab)},
        "vocabulary is empty": base | {"vocab.json": {}, "merges.txt": "#version: 0.2\n"},
        "vocabulary has a negative id": with_vocab(zz=-1),
        "vocabulary has a huge id": with_vocab(zz=2**32 - 1),
        "vocabulary has an id beyond all": with_vocab(zz=2**70),
        "vocabulary has a string for an id": with_vocab(zz="5"),
        "vocabulary has an id with a fraction": with_vocab(zz=5.5),
        "vocabulary has one id twice": with_vocab(zz=5),
        "vocabulary has an empty entry": with_vocab(**{"": n}),
        "vocabulary has a 10 MB entry": with_vocab(**{"x" * 10_000_000: n}),
        "vocabulary has a hole": with_vocab(zz=100_000),
        "vocabulary has lone surrogates": base | {"vocab.json": json.dumps(vocab)[:-1] + ', "\\udc00": 999}'},
        "vocabulary has no bytes": plain({"a b": 0, "▁x": 1}, []),
        "merges name what there is not": base | {"merges.txt": "z z\n"},
        "merges have three parts": base | {"merges.txt": "a b c\n"},
        "merges are of another file": base | {"merges.txt": json.dumps(vocab)},
        "merges are bytes of no text": base | {"merges.txt": "\x00\x01\x02"},
        "tokenizer.json is empty": base | {"tokenizer.json": {}},
        "tokenizer.json is cut": base | {"tokenizer.json": '{"model": {"type": "BPE"'},
        "tokenizer.json of another version": {"tokenizer.json": tokenizer_json(vocab, merges) | {"version": "9"}},
        "tokenizer.json is deep": {"tokenizer.json": "[" * 100_000},
        "added tokens are an object": whole({}) | {"tokenizer.json": tokenizer_json(vocab, merges) | {"added_tokens": {}}},
        "added tokens have no id": whole([{"content": "x"}]),
        "added tokens have negative ids": whole([added(-1, "<x>")]),
        "added tokens have huge ids": whole([added(2**40, "<x>")]),
        "added tokens share an id": whole([added(n, "<x>"), added(n, "<y>")]),
        "added tokens are the same twice": whole([added(n, "<x>"), added(n + 1, "<x>", special=True)]),
        "added tokens are alike once normalized": whole(
            [added(n, "<x>"), added(n + 1, "<X>")], normalizer={"type": "Lowercase"}),
        "pre-tokenizers are nested": whole(pre=nested(20)),
        "pre-tokenizers are nested too deep": whole(pre=nested(40)),
        "pre-tokenizer of a strange type": whole(pre={"type": 5}),
        "template goes round": whole(post=loop | {"single": loop["single"] * 50}),
        "template without text": whole(post=loop | {"single": loop["single"][:1]}),
        "template of no token": whole(post=template(["a", "$A"], {"a": 10**6})),
        "template of itself": whole(post={"type": "Sequence", "processors": [{"type": "Sequence", "processors": []}]}),
        "merges hold numbers": whole() | {"tokenizer.json": tokenizer_json(vocab, [(1, 2)])},
        "drops out": whole(dropout=0.5),
        "unknown token of no entry": whole(unk_token="<none>"),
        "only a vocabulary": {"vocab.json": vocab},
        "WordPiece": {"vocab.txt": "[PAD]\n[UNK]\n"},
        "SentencePiece": {"spiece.model": "x", "tokenizer_config.json": {"tokenizer_class": "T5Tokenizer"}},
    }
    return folders
