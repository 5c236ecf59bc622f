"""Pickles that do what no face model does, each with a word of why it is refused."""

import pickle
import pickletools
import struct
from pathlib import Path

HONEST = (Path(__file__).parent / "models" / "1.6.1-4.pickle").read_bytes()
COMMAND = "touch bomb"

STOP = b"."
KEPT = b"\x94"  # under the next number
SVC = ("sklearn.svm._classes", "SVC")
ENCODER = ("sklearn.preprocessing._label", "LabelEncoder")
ARRAYS = "numpy.core.multiarray"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module: str, name: str) -> bytes:
    """A class or function by its name, as protocol 4 has it."""
    return text(module) + text(name) + pickle.STACK_GLOBAL


def called(module: str, name: str, *arguments: bytes) -> bytes:
    return named(module, name) + b"(" + b"".join(arguments) + b"tR"


def made(what: tuple[str, str], *states: bytes) -> bytes:
    """An object, with the states that are set on it."""
    return named(*what) + b")\x81" + b"".join(state + b"b" for state in states)


def dtype(code: str, *state: object) -> bytes:
    return called("numpy", "dtype", text(code), b"\x89", b"\x88") + (set_to(*state) if state else b"")


def set_to(*state: object) -> bytes:
    """What sets a tuple of plain values as the state of an object."""
    return pickletools.optimize(pickle.dumps(state, 2))[2:-1] + b"b"  # without its beginning and its end


U4 = dtype("U1", 3, "<", None, None, None, 4, 4, 8)
F8 = dtype("f8", 3, "<", None, None, None, -1, -1, 0)
OBJECTS = dtype("O8", 3, "|", None, None, None, -1, -1, 63)
EMPTY = called(ARRAYS, "_reconstruct", named("numpy", "ndarray"), b"K\0\x85", b"C\x01b")


def array(kind: bytes, shape: bytes, content: bytes) -> bytes:
    return EMPTY + b"(K\x01" + shape + kind + b"\x89" + content + b"tb"


NAMES = array(U4, b"K\x01\x85", b"C\x04a\0\0\0")


def model(labels: bytes = NAMES, svm: bytes = b"}", more: bytes = b"") -> bytes:
    """A face model, as far as its reader looks."""
    encoder = made(ENCODER, b"}" + text("classes_") + labels + b"s")
    return b"\x80\x04}(" + text("svm") + made(SVC, svm) + text("labels") + encoder + more + b"u" + STOP


def laughs(times: int) -> bytes:
    """A list whose text would be of 10 to the power of `times` words."""
    levels = (b"0](" + b"h" + bytes([below]) + (b"h" + bytes([below])) * 9 + b"e" + KEPT for below in range(times))
    return b"]" + KEPT + b"".join(levels)


RUN = b"(" + text(COMMAND) + b"tR"
# What runs, or would run, where it is loaded.
COMMANDS = {
    "a function by protocol 0": b"cos\nsystem\n(S'touch bomb'\ntR.",
    "posix": b"cposix\nsystem\n" + RUN + STOP,
    "a function by protocol 4": b"\x80\x04" + named("os", "system") + RUN + STOP,
    "eval": b"\x80\x04" + called("builtins", "eval", text(COMMAND)) + STOP,
    "eval of Python 2": b"\x80\x02c__builtin__\neval\n" + RUN + STOP,
    "getattr": b"\x80\x04" + called("builtins", "getattr", b"]", text("append")) + STOP,
    "an instance": b"(S'touch bomb'\nios\nsystem\n.",
    "an object": b"(cos\nsystem\nS'touch bomb'\no.",
    "a new object": b"\x80\x04" + named("subprocess", "Popen") + text(COMMAND) + b"\x85\x81.",
    "a new object with keywords": b"\x80\x04" + named("subprocess", "Popen") + text(COMMAND) + b"\x85}\x92.",
    "a name below an allowed one": b"\x80\x04" + called(SVC[0], "SVC.__init__.__globals__.get", text("os")) + STOP,
    "numpy's own helper": b"\x80\x04" + called("numpy.testing._private.utils", "runstring", text(COMMAND), b"}") + STOP,
    "a pickle in a pickle": b"\x80\x04" + called("pickle", "loads", b"C\x05cos\n.") + STOP,
    "a constructor of copyreg": (
        b"\x80\x02" + b"ccopy_reg\n_reconstructor\n(csklearn.svm._classes\nSVC\nc__builtin__\nobject\nNtR."
    ),
    "a class beside the allowed one": b"\x80\x04" + named(SVC[0], "NuSVC") + b")\x81.",
    "a state of a random generator": b"\x80\x04" + named("numpy.random._pickle", "__randomstate_ctor") + b")R.",
    "terminal escapes": b"\x80\x04" + named("os\x1b[2J", "system") + RUN + STOP,
    "behind an honest beginning": HONEST[:-1] + b"0" + named("os", "system") + RUN + STOP,
    "a name from a memo that was changed": (
        b"\x80\x04" + text("numpy") + b"q\x05" + text("os") + b"q\x05" + text("system") + b"q\x07"
        + b"000h\x05h\x07" + pickle.STACK_GLOBAL + RUN + STOP
    ),
    "behind the end of a model": model() + b"cos\nsystem\n" + RUN + STOP,
}  # fmt: skip
# What makes an object of another kind, or would lead numpy or this reader astray.
TRICKS = {
    "no dictionary": b"\x80\x04]" + STOP,
    "no model": b"\x80\x04}" + STOP,
    "an encoder in the place of the SVC": (
        b"\x80\x04}(" + text("svm") + made(ENCODER) + text("labels") + made(ENCODER) + b"u."
    ),
    "a persistent id": b"\x80\x04K\x01Q.",
    "a persistent id of protocol 0": b"P1\n.",
    "an extension code": b"\x80\x04\x82\x01.",
    "an extension code of two bytes": b"\x80\x04\x83\x01\x01.",
    "an extension code of four bytes": b"\x80\x04\x84\x01\x01\x01\x01.",
    "a buffer beside the stream": b"\x80\x05\x97.",
    "arguments of a class": b"\x80\x04" + called(*SVC, b"K\x01") + STOP,
    "keywords of a class": b"\x80\x04" + named(*SVC) + b")}" + text("C") + b"K\x01s\x92.",
    "a state of a class": b"\x80\x04" + named(*SVC) + b"}b.",
    "slots of a class": b"\x80\x04" + named(*SVC) + b"N}" + text("__new__") + b"K\x01s\x86b.",
    "slots of ndarray": b"\x80\x04" + named("numpy", "ndarray") + b"N}" + text("__doc__") + text("a") + b"s\x86b.",
    "slots of a function": b"\x80\x04" + named("_codecs", "encode") + b"N}" + text("__defaults__") + b")s\x86b.",
    "slots of an object": b"\x80\x04" + made(SVC, b"N}" + text("state") + b"}s\x86") + STOP,
    "two states": b"\x80\x04" + made(ENCODER, b"}", b"}") + STOP,
    "an item of an object": b"\x80\x04" + made(SVC) + b"K\x01K\x02s.",
    "an item of an array": b"\x80\x04" + NAMES + b"K\x00" + text("b") + b"s.",
    "appended to an object": b"\x80\x04" + made(SVC) + b"K\x01a.",
    "a call of an object": b"\x80\x04" + made(SVC) + b")R.",
    "another codec": b"\x80\x04" + called("_codecs", "encode", text("a"), text("zip")) + STOP,
    "a codec's bytes": b"\x80\x04" + called("_codecs", "encode", b"C\x01a", text("latin1")) + STOP,
    "a call of ndarray": b"\x80\x04" + called("numpy", "ndarray", b"K\x01\x85") + STOP,
    "bytes of a size": b"\x80\x02c__builtin__\nbytes\nJ\0\0\0\x7f\x85R.",
    "an array of another class": (
        b"\x80\x04" + called(ARRAYS, "_reconstruct", named(*SVC), b"K\0\x85", b"C\x01b") + STOP
    ),
    "an array that is huge at once": (
        b"\x80\x04" + called(ARRAYS, "_reconstruct", named("numpy", "ndarray"), b"J\0\0\0\x7f\x85", b"C\x01b") + STOP
    ),
    "an array that is longer than its bytes": model(array(U4, b"K\x02\x85", b"C\x04a\0\0\0")),
    "an array that is shorter than its bytes": model(array(U4, b"K\0\x85", b"C\x04a\0\0\0")),
    "an array of a negative shape": model(array(U4, b"J\xff\xff\xff\xff\x85", b"C\0")),
    "pointers in the place of objects": model(array(OBJECTS, b"K\x01\x85", b"C\x01A")),
    "pointers in a buffer": (
        model(called("numpy.core.numeric", "_frombuffer", b"C\x08AAAAAAAA", OBJECTS, b"K\x01\x85", text("C")))
    ),
    "a buffer that is cut short": (
        model(called("numpy.core.numeric", "_frombuffer", b"C\x03AAA", U4, b"K\x01\x85", text("C")))
    ),
    "a scalar that is cut short": model(svm=b"}K\x01" + called(ARRAYS, "scalar", F8, b"C\x01a") + b"s"),
    "a scalar of an object": model(svm=b"}K\x01" + called(ARRAYS, "scalar", OBJECTS, b"C\x08AAAAAAAA") + b"s"),
    "a second state of an array": model(NAMES + b"(K\x01K\x01\x85" + U4 + b"\x89C\x04b\0\0\0tb"),
    "a dtype with fields": model(array(dtype("V8"), b"K\x01\x85", b"C\x08AAAAAAAA")),
    "a dtype of a larger item": (
        model(array(dtype("U1", 3, "<", None, None, None, 4000, 4, 8), b"K\x01\x85", b"C\x04a\0\0\0"))
    ),
    "a dtype of fields in its state": (
        model(array(dtype("f8", 3, "<", None, ("a",), {}, 8, 8, 63), b"K\x01\x85", b"C\x08AAAAAAAA"))
    ),
    "a dtype that is changed later": (
        b"\x80\x04" + U4 + KEPT + b"0" + array(b"h\0", b"K\x01\x85", b"C\x04a\0\0\0") + b"h\0}b."
    ),
    "a second state of a dtype": (
        model(array(F8 + set_to(3, ">", None, None, None, -1, -1, 0), b"K\x01\x85", b"C\x08AAAAAAAA"))
    ),
    "a dtype without a state": model(array(dtype("U1"), b"K\x01\x85", b"C\x04a\0\0\0")),
    "a stream that is cut off": HONEST[: len(HONEST) // 2],
    "no stream": b"",
    "no end": HONEST[:-1],
    "an older beginning": b"\x80\x63.",
    "something else": b"GIF89a",
}  # fmt: skip

# What wants more of the machine than there is.
FLOODS = {
    "2 GB of bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2 << 30) + b"a",
    "2 GB of a bytearray": b"\x80\x05\x96" + struct.pack("<Q", 2 << 30) + b"a",
    "an exabyte": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"a",
    "2 GB of text": b"\x80\x04\x8d" + struct.pack("<Q", 2 << 30) + b"a",
    "2 GB of a number": b"\x80\x04\x8b" + struct.pack("<I", (1 << 31) - 1) + b"a",
    "a frame of an exabyte": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.",
    "a far memo": b"\x80\x04Nr\xff\xff\xff\xff.",
    "a number of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
    "a million marks": b"\x80\x04" + b"(" * 1_000_000,
    "a deep list": b"\x80\x04" + b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "a deep key": b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns.",
    "laughs": b"\x80\x04" + called("numpy", "dtype", laughs(12)) + STOP,
}  # fmt: skip


CHANGED_LATER = (
    b"\x80\x04}" + KEPT + b"0}(" + text("svm") + made(SVC, b"}") + text("labels") + named(*ENCODER) + b")\x81h\0"
    + text("classes_") + NAMES + b"sbuh\0" + text("classes_") + array(U4, b"K\x01\x85", b"C\x04b\0\0\0") + b"s0" + STOP
)  # fmt: skip
"""The dictionary of the encoder's state has other labels than the encoder, which got them earlier."""
