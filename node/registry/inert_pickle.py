"""Reads a face model, a pickle, without loading it: node/registry/model_labels.py runs this text in a child.

The Unpickler is the standard library's, so that it sees what a load would see; a walk over the opcodes can be fooled.
But each class and function that the stream names is a stand-in here, which keeps what it is given and does nothing.
Those of the allow-list are all that the real programs' models need, and each takes exactly what an honest model
gives it: what loads here is also no trap for numpy, where the model is loaded one day.
"""

from __future__ import annotations

import codecs
import json
import pickle
import re
import resource
import sys
from typing import Any, Dict, List, Optional, Tuple, Union

LIMITS = {
    resource.RLIMIT_AS: 1 << 30,  # bytes
    resource.RLIMIT_CPU: 30,  # seconds
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 0,  # what is open stays open
    resource.RLIMIT_NPROC: 0,
}
LONGEST = 300  # characters of a refusal
LONGEST_LABEL = 200

# Found before the limits: after them no module can be opened.
_CODECS = {"<": codecs.lookup("utf-32-le"), ">": codecs.lookup("utf-32-be")}
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|O8?|U[0-9]{1,6})", re.ASCII)


class Refused(Exception):
    """The stream holds what no honest face model does; the text says what."""


class Inert:
    """Stands for an object: its class takes no arguments, and what is set on it is kept, once, and copied."""

    __slots__ = ("state",)
    state: Optional[Dict[str, Any]]

    def __new__(cls) -> "Inert":
        self = object.__new__(cls)
        self.state = None
        return self

    def __setstate__(self, state: Any) -> None:
        if type(state) is not dict or self.state is not None:
            raise Refused("the state of %s is not as scikit-learn writes it" % type(self).__name__)
        self.state = dict(state)  # what the stream does to its own later is not seen by a load either

    def kept(self, key: str) -> Any:
        return (self.state or {}).get(key)


class SVC(Inert):
    __slots__ = ()


class LabelEncoder(Inert):
    __slots__ = ()


class Stateless:
    __slots__ = ()

    def __setstate__(self, _: Any) -> None:
        raise Refused("a state of what has none: %s" % type(self).__name__)


class NdArray(Stateless):
    """A name for `_reconstruct` only: nothing makes one."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> "NdArray":
        raise Refused("a call of numpy.ndarray")


class DType:
    __slots__ = ("code", "order")
    code: str
    order: Optional[str]  # None until its state has come

    def __new__(cls, code: Any, align: Any = False, copy: Any = True) -> "DType":
        if type(code) is not str or not _DTYPE.fullmatch(code) or not _same((align, copy), (False, True)):
            raise Refused("a numpy.dtype that no face model has")
        self = object.__new__(cls)
        self.code, self.order = code.lstrip("<>|="), None
        return self

    def __setstate__(self, state: Any) -> None:
        """The versions of numpy write it alike; with another one, numpy would read beyond an array's bytes."""
        size, align, flags = self._sizes
        order = state[1] if type(state) is tuple and len(state) == 8 else None
        is_known = self.order is None and type(order) is str and order in ("<", ">", "|", "=")
        if not is_known or not _same(state, (3, order, None, None, None, size, align, flags)):
            raise Refused("a state of numpy.dtype that numpy does not write")
        self.order = order

    @property
    def _sizes(self) -> Tuple[int, int, int]:
        return {"U": (self.size, 4, 8), "O": (-1, -1, 63)}.get(self.code[0], (-1, -1, 0))

    @property
    def size(self) -> int:
        """The bytes of an item."""
        number = int(self.code[1:] or 8)
        return 4 * number if self.code[0] == "U" else number


class Reconstructed:
    """An array as `_reconstruct` makes it: what it holds comes as its state."""

    __slots__ = ("content", "dtype", "shape")
    shape: Any
    dtype: Optional[DType]  # None until its state has come
    content: Any

    def __new__(cls, subtype: Any, shape: Any, code: Any) -> "Reconstructed":
        if subtype is not NdArray or not _same(shape, (0,)) or not _same((code,), (b"b",)):
            raise Refused("a call of numpy's _reconstruct that numpy does not write")
        self = object.__new__(cls)
        self.shape, self.dtype, self.content = (), None, None
        return self

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or len(state) != 5 or self.dtype is not None:
            raise Refused("a state of an array that numpy does not write")
        version, shape, dtype, in_columns, content = state
        if type(version) is not int or version != 1 or type(in_columns) is not bool:
            raise Refused("a state of an array that numpy does not write")
        items = _items(shape, dtype)
        kind, size = (list, items) if dtype.code[0] == "O" else (bytes, items * dtype.size)
        if type(content) is not kind or len(content) != size:
            raise Refused("an array that is larger or smaller than its bytes")
        self.shape, self.dtype, self.content = shape, dtype, content[:]


class FromBuffer(Stateless):
    """An array as protocol 5 has it. It shares the buffer that it is made from, here and in a load."""

    __slots__ = ("content", "dtype", "shape")
    shape: Any
    dtype: DType
    content: Union[bytes, bytearray]

    def __new__(cls, content: Any, dtype: Any, shape: Any, order: Any) -> "FromBuffer":
        items = _items(shape, dtype)
        if type(content) not in (bytes, bytearray) or type(order) is not str or order not in ("C", "F", "A"):
            raise Refused("a call of numpy's _frombuffer that numpy does not write")
        if dtype.code[0] == "O" or len(content) != items * dtype.size:
            raise Refused("an array that is larger or smaller than its bytes")
        self = object.__new__(cls)
        self.shape, self.dtype, self.content = shape, dtype, content
        return self


class Scalar(Stateless):
    __slots__ = ()

    def __new__(cls, dtype: Any, content: Any) -> "Scalar":
        if _items((), dtype) and (dtype.code[0] == "O" or type(content) is not bytes or len(content) != dtype.size):
            raise Refused("a call of numpy's scalar that numpy does not write")
        return object.__new__(cls)


class Encode(Stateless):
    """The bytes of protocol 2: no other codec, and no other function."""

    __slots__ = ()

    def __new__(cls, text: Any, codec: Any) -> Any:
        if type(text) is not str or not _same((codec,), ("latin1",)):
            raise Refused("a call of _codecs.encode for another codec than latin1")
        return text.encode("latin-1")


class NoBytes(Stateless):
    """Protocol 2 writes b"" as a call of bytes."""

    __slots__ = ()

    def __new__(cls) -> Any:
        return b""


CORES = {"numpy.core": "1", "numpy._core": "2"}  # with the numpy that writes so
ALLOWED: Dict[Tuple[str, str], type] = {
    ("sklearn.svm._classes", "SVC"): SVC,
    ("sklearn.preprocessing._label", "LabelEncoder"): LabelEncoder,
    ("numpy", "ndarray"): NdArray,
    ("numpy", "dtype"): DType,
    ("_codecs", "encode"): Encode,
    ("__builtin__", "bytes"): NoBytes,
    **{(core + ".multiarray", "_reconstruct"): Reconstructed for core in CORES},
    **{(core + ".multiarray", "scalar"): Scalar for core in CORES},
    **{(core + ".numeric", "_frombuffer"): FromBuffer for core in CORES},
}


class Reader(pickle.Unpickler):
    """Persistent ids and extension codes it refuses by itself: nobody has said what they stand for."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.numpy: List[str] = []

    def find_class(self, module: str, name: str) -> Any:
        found = ALLOWED.get((module, name))
        if found is None:
            raise Refused("it names %.100s.%.100s; expected a face model's classes alone" % (module, name))
        self.numpy += [CORES[core] for core in CORES if module.startswith(core + ".")]
        return found


def _same(found: Any, expected: Tuple[Any, ...]) -> bool:
    """Tell whether plain values are these, without a look into what may be nested without end."""
    if type(found) is not tuple or len(found) != len(expected):
        return False
    return all(type(each) is type(expected[at]) and each == expected[at] for at, each in enumerate(found))


def _items(shape: Any, dtype: Any) -> int:
    """How many items an array of such a shape has."""
    if type(dtype) is not DType or dtype.order is None:
        raise Refused("an array of no whole numpy.dtype")
    if type(shape) is not tuple or len(shape) > 32 or not all(type(each) is int and each >= 0 for each in shape):
        raise Refused("an array of no proper shape")
    items = 1
    for each in shape:
        items *= each
    return items


def read(stream: Any) -> Dict[str, Any]:
    """What a face model says of itself. Raises Refused, and whatever the Unpickler does with what is no pickle."""
    reader = Reader(stream)
    model = reader.load()
    if stream.read(1):
        raise Refused("bytes follow the model")
    svm, encoder = (model.get("svm"), model.get("labels")) if type(model) is dict else (None, None)
    if type(svm) is not SVC or type(encoder) is not LabelEncoder:
        raise Refused("it holds something else")
    told = (each.kept("_sklearn_version") for each in (svm, encoder))
    versions = sorted({each for each in told if type(each) is str})
    said = {"versions": versions, "numpy": sorted(set(reader.numpy))}
    try:
        return {**said, "labels": _labels(encoder.kept("classes_"))}
    except Refused as why:
        return {**said, "why": str(why)}


def _labels(array: Any) -> List[str]:
    """The texts of an array. Raises Refused when it holds others."""
    if type(array) not in (Reconstructed, FromBuffer) or array.dtype is None or len(array.shape) != 1:
        raise Refused("its labels are no array of texts")
    count, kind = array.shape[0], array.dtype.code[0]
    if kind == "O":
        found = array.content
    elif kind == "U" and array.dtype.size and len(array.content) == count * array.dtype.size:
        found = _decoded(bytes(array.content), array.dtype)
    else:
        raise Refused("its labels are no array of texts")
    if not all(type(each) is str and len(each) <= LONGEST_LABEL for each in found):
        raise Refused("its labels are no short texts")
    return list(found)


def _decoded(content: bytes, dtype: DType) -> List[str]:
    codec = _CODECS.get(dtype.order or "", _CODECS["<"])
    starts = range(0, len(content), dtype.size)
    try:
        return [codec.decode(content[start : start + dtype.size])[0].rstrip("\0") for start in starts]
    except UnicodeDecodeError:
        raise Refused("its labels are no Unicode") from None


def main() -> None:
    for limit, most in LIMITS.items():
        hard = resource.getrlimit(limit)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (least, least))
    try:
        said = read(sys.stdin.buffer)
    except Refused as why:
        said = {"refused": str(why)[:LONGEST]}
    except MemoryError:
        said = {"refused": "it wants more memory than a model needs"}
    except Exception as error:  # the stream decides which; none of them is ours to mend
        said = {"refused": ("it cannot be read: %s: %s" % (type(error).__name__, error))[:LONGEST]}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
