"""Stands in for libedgetpu: a shared object that tells its TensorFlow, sound or broken as such libraries have been."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lab.shell import run

SONAME = "libedgetpu.so.1"
FILE = "libedgetpu.so.1.0"
SOUND = """\
static const char weight[200000] = "as a real one, it does not fit into one page of memory";
const char *edgetpu_tensorflow(void) { return "%(tensorflow)s"; }
const char *edgetpu_version(void) { return "BuildLabel(COMPILER=tcc,TF=%(tensorflow)s), RuntimeVersion(14)"; }
const char *edgetpu_weight(void) { return weight; }
"""
_WITHOUT_VERSION = SOUND.replace("const char *edgetpu_version(void)", "static const char *label(void)")
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "sound": SOUND,
        "truncated": SOUND,
        "of another machine": SOUND,
        "unresolved": _WITHOUT_VERSION
        + """\
extern const char *_ZSt28__throw_bad_array_new_lengthv_GLIBCXX_3_4_99(void);
const char *edgetpu_version(void) { return _ZSt28__throw_bad_array_new_lengthv_GLIBCXX_3_4_99(); }
""",
        "illegal": _WITHOUT_VERSION
        + """\
static const unsigned int code[] __attribute__((section(".text"), aligned(4))) = {%(illegal)s};
const char *edgetpu_version(void) { return ((const char *(*)(void))code)(); }
""",
        "crashes": _WITHOUT_VERSION
        + """\
const char *edgetpu_version(void) { *(volatile int *)0 = 1; return label(); }
""",
        "crashes at load": SOUND
        + """\
__attribute__((constructor)) static void begin(void) { *(volatile int *)0 = 1; }
""",
    }
)
"""What a library can be. `unresolved` asks for a symbol of a newer C++ library; `illegal` dies of an instruction that
this machine lacks and `crashes` of a bad address, both when they are asked for their version."""
ILLEGAL = {"amd64": "0x0b0f0b0f", "arm64": "0", "armhf": "0xe7f000f0"}
"""ud2, udf."""
OTHER_MACHINE = {"amd64": 183, "arm64": 62, "armhf": 62}
"""What stands in the ELF header of a library for another architecture: AArch64, x86-64."""
MACHINE_OFFSET = 18


def library(tensorflow: str, architecture: str, kind: str = "sound") -> bytes:
    """A library's bytes, the same on each machine of an architecture.

    :param architecture: this machine's, as dpkg has it: the compiler makes no others.
    :param kind: one of SOURCES.
    """
    values = {"tensorflow": tensorflow, "illegal": ILLEGAL[architecture]}
    with tempfile.TemporaryDirectory(prefix="edgetpu-") as folder:
        source, made = Path(folder, "edgetpu.c"), Path(folder, FILE)
        source.write_text(SOURCES[kind] % values)
        run("tcc", "-shared", "-nostdlib", f"-Wl,-soname={SONAME}", "-o", str(made), str(source))
        content = made.read_bytes()
    if kind == "truncated":
        return content[: len(content) // 2]
    if kind == "of another machine":
        number = OTHER_MACHINE[architecture].to_bytes(2, "little")
        return content[:MACHINE_OFFSET] + number + content[MACHINE_OFFSET + len(number) :]
    return content
