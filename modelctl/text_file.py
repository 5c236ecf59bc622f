"""Text files of the site that commands write."""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from modelctl.errors import OperatorError
from modelctl.faults import one_line

_MODE = 0o644  # of a file that is new
_UNFINISHED = ".unfinished"


def read(path: Path) -> str:
    """The text of a file in UTF-8, line ends and all. Raises OperatorError."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: {one_line(str(error))}; expected a text file in UTF-8") from None


def replace(path: Path, text: str) -> None:
    """Write a file as a whole: whoever reads it, also after a power cut, sees the old text or the new one.

    Line ends, bytes that were read as lone surrogates, and the file's mode stay. Raises OperatorError.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.stat() if path.exists() else None
        with NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED, delete=False, encoding="utf-8",
            newline="", errors="surrogateescape",
        ) as file:  # fmt: skip
            try:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode) if old else _MODE)
                if old and int(os.fstat(file.fileno()).st_mtime) <= int(old.st_mtime):
                    # Python takes what it compiled of a file for the file as long as its size and the second of its
                    # time stay the same, and versions are all of one length.
                    os.utime(file.fileno(), (int(old.st_mtime) + 1, int(old.st_mtime) + 1))
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file, if it is there; a power cut does not bring it back. Raises OperatorError."""
    with writing(path):
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; nobody may be writing it now. Raises OperatorError."""
    with writing(path):
        for left in path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"):
            left.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises OperatorError in place of an OSError."""
    try:
        yield
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; expected a file that you may write") from None


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
