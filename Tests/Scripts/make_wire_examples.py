#!/usr/bin/env python3
"""Writes the golden examples into docs/WIRE.md, packed by hand and not by the program they test.

    Tests/Scripts/make_wire_examples.py        # from anywhere; needs nothing but Python
"""
import re
import struct
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "WIRE.md"


def number(code, value, field):
    return [(struct.pack("<" + code, value), f"{field} {value}")]


def u8(value, field): return number("B", value, field)
def u16(value, field): return number("H", value, field)
def u32(value, field): return number("I", value, field)
def u64(value, field): return number("Q", value, field)
def i32(value, field): return number("i", value, field)
def f64(value, field): return number("d", value, field)


def text(value, field):
    data = value.encode()
    return u32(len(data), f"{field}'s length") + ([(data, f'{field} "{value}"')] if data else [])


def data(value, field, counted=False):
    return (u32(len(value), f"{field}'s length") if counted else []) + [(value, field)]


def counting(first):
    return bytes((first + i) % 256 for i in range(32))


def message(kind, body, epoch=3, count=7, sequence=0, plan=None):
    length = sum(len(bytes) for bytes, _ in body)
    return (
        [(b"GPT2", "magic")] + u16(4, "version") + u16(kind, "kind")
        + u64(0x1122334455667788 if epoch else 0, "coordinator") + u64(count, "number") + u64(sequence, "sequence")
        + u32(epoch if plan is None else plan, "plan") + u32(length, "length") + body
    )


EXAMPLES = {
    "hello": message(
        1,
        text("attic", "name") + u64(0x0123456789ABCDEF, "incarnation") + u64(0xFEDCBA9876543210, "process")
        + text("0.3", "programVersion")
        + text("avx512", "kernels") + u32(2, "threads") + u64(4_000_000_000, "memory") + u32(8, "cores")
        + text("b2e8", "host") + text("tcp://10.77.0.2:7071", "address") + text("/models/größer", "folder")
        + u8(1, "configuration") + data(counting(0), "configuration") + text("auto", "weights"),
        epoch=0, count=0),
    "measurement": message(
        2,
        u32(2, "points' count") + u32(1, "rows") + f64(0.0009765625, "seconds") + u32(128, "rows")
        + f64(0.015, "seconds"),
        epoch=0, count=2),
    "wanted": message(3, u32(5, "tensor") + u64(0x1_0000_0002, "offset") + u32(16, "pieces")),
    "ready": message(
        4,
        u64(1000, "bytesRead") + u64(28_351_488, "bytesReceived") + u64(0x12_3456_789A, "bytesCached")
        + u64(1_500_000_000, "nanoseconds")),
    "heartbeat": message(
        5, u64(2**64 - 1, "progress") + u64(2**62, "time") + u64(123_456_789, "pulse") + u64(2**62 - 1, "pulseArrival")
        + u64(1_000_000, "taken") + u64(999_999, "passed")),
    "failure": message(6, text("was not heard for 1.5 s", "reason") + u8(1, "link") + u8(0, "isUnanswered")),
    "welcome": message(
        17,
        data(b'{"n_layer": 12}', "configuration", counted=True) + text("auto", "weights") + text("bf16", "blockWeights")
        + u8(1, "measures"),
        plan=0, count=0),
    "refusal": message(18, text("has another checkpoint", "reason"), epoch=0, count=0),
    "assignment": message(
        19,
        u32(4, "layers.lowerBound") + u32(7, "layers.upperBound") + text("auto", "weights") + u8(0, "sharesFiles")
        + u32(2, "tensors' count")
        + text("h.4.attn.c_attn.weight", "tensor.name") + u8(2, "tensor.elementType") + u8(2, "tensor.rank")
        + u32(768, "tensor.shape") + u32(2304, "tensor.shape") + data(counting(64), "tensor.fingerprint")
        + text("h.4.ln_1.bias", "tensor.name") + u8(0, "tensor.elementType") + u8(1, "tensor.rank")
        + u32(768, "tensor.shape") + data(counting(128), "tensor.fingerprint")
        + u8(1, "keepsCache") + u8(1, "stage") + u32(3, "stage.count") + u32(1, "stage.index")
        + u32(32, "slotCount") + u32(512, "rowLimit") + u32(6, "credits") + u32(16, "keptSlots") + text("tcp://10.77.0.3:7071", "next")
        + data(counting(1), "incoming.secret") + u8(1, "incoming.peerKey") + data(counting(33), "incoming.peerKey")
        + data(counting(65), "outgoing.secret") + u8(0, "outgoing.peerKey") + u64(1_500_000_000, "patience")),
    "piece": message(20, u32(1, "tensor") + u64(262144, "offset") + data(bytes([1, 2, 3, 250]), "bytes", counted=True)),
    "pulse": message(21, u64(987_654_321, "time")),
    "goodbye": message(33, text("", "reason") + u8(1, "joinsAgain")),
    "open": message(49, i32(-1, "stage") + data(counting(1), "secret"), count=0),
    "credit": message(50, u32(4, "passes"), count=0),
    "pass": message(
        51,
        u32(768, "width") + i32(-1, "refill")
        + u32(2, "segments' count")
        + u32(2, "segment.slot") + u32(0, "segment.start") + u32(128, "segment.count")
        + u32(0, "segment.slot") + u32(300, "segment.start") + u32(1, "segment.count")
        + u32(1, "releasedSlots' count") + u32(7, "releasedSlot")
        + u32(1, "records' count") + u64(1000, "record.received") + u64(2000, "record.computed")
        + u64(30, "record.waited") + u64(4, "record.sent") + u8(1, "record.isFiniteReceived")
        + u8(0, "record.isFiniteComputed"),
        sequence=41),
    "beat": message(52, [], count=8),
}


def lines(fields):
    for bytes, comment in fields:
        for start in range(0, len(bytes), 16):
            row = " ".join(f"{byte:02x}" for byte in bytes[start:start + 16])
            yield f"{row:<47}  {comment if start == 0 else ''}".rstrip()


document = DOCUMENT.read_text()
for name, fields in EXAMPLES.items():
    block = "\n".join([f"```hex {name}", *lines(fields), "```"])
    document, count = re.subn(rf"```hex {name}\n(?:.*\n)*?```", lambda _: block, document)
    assert count == 1, name
DOCUMENT.write_text(document)
