#!/usr/bin/env python3
"""Writes Tests/GPT2Tests/Fixtures/tokenizers.json: small tokenizer folders, texts, and the ids that transformers makes.

    pip install transformers==5.24.0 tokenizers==0.23.3
    python Tests/Scripts/make_tokenizer_fixture.py
"""

import json
import pathlib
import tempfile

import compare_tokenizers as compare
import tokenizer_folders as folders


def main():
    result = {}
    shared = {}
    for number, (name, files) in enumerate(folders.fixed_folders(size=300).items()):
        texts = folders.texts(files, 50, seed=number, length=6)
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory) / "model"
            folders.write(files, folder)
            tokens, plain = compare.theirs(folder, texts), compare.theirs(folder, texts, special=False)
        assert not isinstance(tokens, str), tokens
        # Vocabularies and merges are mostly the same; a file stands here once, under the first folder's name for it.
        named = {}
        for file, value in ({"config.json": folders.CONFIG} | files).items():
            if value is not None:
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                named[file] = shared.setdefault(text, f"{name}/{file}")
        cases = [[text, right, other if other != right else None]
                 for text, right, other in zip(texts, tokens, plain)]
        result[name] = {"files": named, "cases": cases}
    fixture = {"files": {key: text for text, key in shared.items()}, "folders": result}
    path = folders.ROOT / "Tests/GPT2Tests/Fixtures/tokenizers.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path}: {path.stat().st_size} bytes, {sum(len(f['cases']) for f in result.values())} texts")


if __name__ == "__main__":
    main()
