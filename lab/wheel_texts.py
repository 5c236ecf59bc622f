"""The modules in the lab's Coral wheels: they import, load and crash as the real ones do, and compute nothing."""

PYBIND = '''\
"""As the real one, which is linked with it: loads libedgetpu by its name, from where the loader finds that."""

import ctypes

_library = ctypes.CDLL("libedgetpu.so.1")


def GetRuntimeVersion():
    function = _library.edgetpu_version
    function.restype = ctypes.c_char_p
    return function().decode()


def ListEdgeTpus():
    return []
'''
EDGETPU = '''\
"""Utilities for using the TensorFlow Lite Interpreter with Edge TPU."""

import numpy
import tflite_runtime.interpreter as tflite

from pycoral.pybind import _pywrap_coral
from pycoral.pybind._pywrap_coral import GetRuntimeVersion as get_runtime_version
from pycoral.pybind._pywrap_coral import ListEdgeTpus as list_edge_tpus

_EDGETPU_SHARED_LIB = "libedgetpu.so.1"


def load_edgetpu_delegate(options=None):
    return tflite.load_delegate(_EDGETPU_SHARED_LIB, options or {})


def make_interpreter(model_path_or_content, device=None, delegate=None):
    delegates = [delegate or load_edgetpu_delegate({"device": device} if device else {})]
    return tflite.Interpreter(model_path=model_path_or_content, experimental_delegates=delegates)
'''
WRAPPER = '''\
"""As the real one, which is compiled: against one TensorFlow, and one numpy."""

import sys

import numpy

TENSORFLOW = "%(tensorflow)s"
_COMPILED_AGAINST = "%(numpy)s"


def _number(version):
    return tuple(int(part) for part in version.split(".")[:2])


if _number(numpy.__version__) >= (2, 0):
    sys.stderr.write(
        "\\nA module that was compiled using NumPy 1.x cannot be run in\\nNumPy " + numpy.__version__
        + " as it may crash.\\n\\nAttributeError: _ARRAY_API not found\\n"
    )
    raise ImportError("numpy.core.multiarray failed to import")
if _number(numpy.__version__) < _number(_COMPILED_AGAINST):
    sys.stderr.write("RuntimeError: module compiled against API version 0x11 but this version of numpy is 0x10\\n")
    raise ImportError("numpy.core.multiarray failed to import")
'''
INTERPRETER = '''\
"""Python TF-Lite interpreter."""

import ctypes
import os
import signal

import numpy as np

from tflite_runtime import _pywrap_tensorflow_interpreter_wrapper as _interpreter_wrapper


class Delegate:
    """A library that takes part of a model's work. One of another TensorFlow has other structures: it crashes."""

    def __init__(self, library, options=None):
        self._library = ctypes.CDLL(library)
        built_for = self._library.edgetpu_tensorflow
        built_for.restype = ctypes.c_char_p
        if built_for().decode() != _interpreter_wrapper.TENSORFLOW:
            os.kill(os.getpid(), signal.SIGSEGV)


def load_delegate(library, options=None):
    try:
        return Delegate(library, options)
    except ValueError as e:
        raise ValueError("Failed to load delegate from {}\\n{}".format(library, str(e)))


class Interpreter:
    """Holds a model's bytes."""

    def __init__(self, model_path=None, model_content=None, experimental_delegates=None, num_threads=None):
        if model_path is not None:
            with open(model_path, "rb") as file:
                model_content = file.read()
        if not model_content:
            raise ValueError("Could not open '{}'.".format(model_path))
        self._delegates = experimental_delegates or []

    def allocate_tensors(self):
        pass
'''
NUMPY = '''\
"""What the Coral packages need of numpy on the hosts of the lab: its version, and that it is there."""

__version__ = "%s"


class ndarray(list):
    pass


def array(values, dtype=None):
    return ndarray(values)
'''
EVIL = '''\
"""What somebody else published under the same name."""

import pathlib

pathlib.Path("/tmp/evil-pycoral").touch()
'''
