"""Deploying as an operator does: with the `pyinfra` command, in the product's checkout."""

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from modelctl.closing import handed
from modelctl.errors import OperatorError
from modelctl.product import CHECKOUT

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIBC = ctypes.CDLL(None)
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
_OUT, _ERR = 1, 2


@dataclass
class Deployer:
    """Runs pyinfra on an inventory file. `told_to_stop` says whether somebody did meanwhile; `failures` are lines of
    the hosts that failed in the last deploy.
    """

    inventory: Path
    program: str = "deploys/models.py"
    told_to_stop: bool = False
    failures: Sequence[str] = ()
    _process: "subprocess.Popen[bytes] | None" = None

    def deploy(self, hosts: Sequence[str], data: Sequence[str] = ()) -> bool:
        """Deploy to some hosts, and tell whether all of it went well, to its end."""
        if self.told_to_stop:
            return False
        limits = [word for host in hosts for word in ("--limit", host)]
        values = [word for each in data for word in ("--data", each)]
        words = [_pyinfra(), str(self.inventory), self.program, "-y", *limits, *values]
        with handed.listening() as failures:
            is_done = self._run(words, failures.environment)
            self.failures = failures.read()
        return is_done

    def _run(self, words: Sequence[str], environment: Mapping[str, str]) -> bool:
        try:
            # A session of its own: pyinfra obeys Ctrl-C whatever it inherits, and before config.py ends with 0.
            with subprocess.Popen(
                words, cwd=CHECKOUT, env=environment, stdout=_output(_OUT), stderr=_output(_ERR),
                start_new_session=True, preexec_fn=_die_with_parent,
            ) as self._process:  # fmt: skip
                if self.told_to_stop:
                    self._stop()
                return self._process.wait() == 0 and not self.told_to_stop
        except OSError as error:
            raise _no_pyinfra(error.filename) from None
        finally:
            self._process = None

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """A signal to stop ends pyinfra and is noted; one that is ignored stays so: under nohup a terminal may go."""
        with _handling([each for each in _SIGNALS if signal.getsignal(each) != signal.SIG_IGN], self._note):
            yield

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)


@contextmanager
def to_the_end() -> Iterator[None]:
    """What runs here is not stopped by a signal."""
    with _handling(_SIGNALS, signal.SIG_IGN):
        yield


@contextmanager
def _handling(numbers: Iterable[signal.Signals], handler: Callable[..., None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def require_pyinfra() -> None:
    """Raises OperatorError where there is none to deploy with."""
    if not os.access(_pyinfra(), os.X_OK):
        raise _no_pyinfra(_pyinfra())


def _pyinfra() -> str:
    """The pyinfra that is installed with this command, whatever the PATH says."""
    return str(Path(sys.executable).with_name("pyinfra"))


def _no_pyinfra(missing: str) -> OperatorError:
    return OperatorError(f"{missing}: not there, or no program; expected pyinfra in a checkout; see README.md")


def _die_with_parent() -> None:
    """A pyinfra that outlived a killed change would move hosts that its undo has moved back. Without prctl, as on
    macOS, it lives on, and the undo waits: it holds the site's lock.
    """
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _output(handle: int) -> int | None:
    """Where pyinfra writes: as we do, but what would only fail there, as when the terminal is gone, ends no deploy."""
    if not hasattr(select, "poll"):  # Python takes a broken one away, as some macOS have it
        return None
    poll = select.poll()
    poll.register(handle, 0)
    return subprocess.DEVNULL if any(_is_gone(handle, event) for _, event in poll.poll(0)) else None


def _is_gone(handle: int, event: int) -> bool:
    """An open handle is called invalid where poll knows no terminals."""
    if event != select.POLLNVAL:
        return True
    try:
        os.fstat(handle)
    except OSError:
        return True
    return False
