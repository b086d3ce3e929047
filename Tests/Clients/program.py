"""The program `gpt2` as the judge of what its server says."""

import json
import struct
import subprocess


def literal(text):
    """JSON with its fractions as they are written, since equal to the bit is what is claimed."""
    return json.loads(text, parse_float=str)


def flags(options):
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            yield from [flag] if one is True else [f"{flag}={one}"]


class Program:
    def __init__(self, path, *model):
        self.path, self.model = path, model

    def run(self, verb, *arguments, text=None):
        command = [self.path, verb, *self.model, *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}"
        return done.stdout

    @staticmethod
    def prompt(prompt):
        """Token ids go by a flag, text by standard input."""
        if isinstance(prompt, str):
            return [], prompt
        return ["--token-ids", ",".join(map(str, prompt))], None

    def generate(self, prompt, **options):
        arguments, text = self.prompt(prompt)
        return literal(self.run("generate", "--json", *flags(options), *arguments, text=text))

    def score(self, prompt, **options):
        """What each token after the first has for a log-probability."""
        arguments, text = self.prompt(prompt)
        return literal(self.run("score", "--json", "--per-token", *flags(options), *arguments, text=text))["per_token"]

    def tokens(self, text):
        return json.loads(self.run("tokenize", "--json", "-", text=text))["tokens"]

    def embedding(self, text, file):
        """The mean of the hidden states, as fp32 bytes."""
        self.run("embed", "--output", str(file), "--pool", "mean", text=text)
        data = file.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        begin, end = json.loads(data[8 : 8 + size])["pooled"]["data_offsets"]
        return data[8 + size + begin : 8 + size + end]
