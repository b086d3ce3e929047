"""Prints the fingerprints that FingerprintTests expects of the toy checkpoint, made anew from their description.

Usage: python3 Tests/Scripts/toy_fingerprints.py
"""

from hashlib import blake2b

L, H, C, P, I, V = 2, 2, 4, 5, 6, 7


def contents(name, count):
    """The toy's bytes: FNV-1a of the name seeds Knuth's linear congruential generator, whose top bytes they are."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    result = bytearray()
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        result.append(state >> 56)
    return bytes(result)


def tensor(name, shape):
    count = 4
    for size in shape:
        count *= size
    line = f"gpt2 tensor 1\n{name} F32 {','.join(map(str, shape))}\n"
    return name, blake2b(line.encode() + contents(name, count), digest_size=32).hexdigest()


def combined(tensors):
    text = (
        f"gpt2 tensors 1\nn_layer={L} n_head={H} n_embd={C} n_positions={P} n_inner={I} vocab_size={V} "
        "layer_norm_epsilon=3727c5ac activation_function=gelu_new scale_attn_weights=true "
        "scale_attn_by_inverse_layer_idx=false tie_word_embeddings=true\n"
    )
    text += "".join(f"{name} {digest}\n" for name, digest in sorted(tensors))
    return blake2b(text.encode(), digest_size=32).hexdigest()


def block(index):
    shapes = {
        "ln_1.weight": [C], "ln_1.bias": [C], "attn.c_attn.weight": [C, 3 * C], "attn.c_attn.bias": [3 * C],
        "attn.c_proj.weight": [C, C], "attn.c_proj.bias": [C], "ln_2.weight": [C], "ln_2.bias": [C],
        "mlp.c_fc.weight": [C, I], "mlp.c_fc.bias": [I], "mlp.c_proj.weight": [I, C], "mlp.c_proj.bias": [C],
    }
    return [tensor(f"h.{index}.{name}", shape) for name, shape in shapes.items()]


embedding = [tensor("wte.weight", [V, C]), tensor("wpe.weight", [P, C])]
norm = [tensor("ln_f.weight", [C]), tensor("ln_f.bias", [C])]
print("ln_f.bias          ", norm[1][1])
print("whole              ", combined(embedding + block(0) + block(1) + norm))
print("block 1, final norm", combined(block(1) + norm))
