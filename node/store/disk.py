"""Reading this node's disk, through handles: nothing here waits for a file, or follows a link that misleads."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Iterator, List, Optional, Tuple

from node.codec import Text
from node.errors import Refusal
from node.store import handles, rights
from node.store.handles import opened
from node.store.rights import Owner

CHUNK = 1 << 20
MOST = 64 << 20  # bytes of a text: a config, a list, a log. A file of holes may be longer than the disk is large
FILE, FOLDER = "a file", "a folder"  # kinds of what is at a path
DEEPEST = 32  # folders in folders


def status(path: Path) -> Optional[os.stat_result]:
    """Return what is at a path, be it a link; None where nothing is."""
    try:
        with handles.folder(path.parent) as parent:
            return os.stat(path.name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_there(path: Path) -> bool:
    return status(path) is not None


def is_file(path: Path) -> bool:
    """Tell whether a regular file is at a path; a link is none."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def reached(path: Path) -> Optional[os.stat_result]:
    """Return what a regular file at a path is, or one that a link there leads its maker to; None where is none."""
    try:
        with handles.reached(path) as file:
            return os.fstat(file.fileno())
    except (OSError, Refusal):
        return None


def is_readable(path: Path, owner: Owner) -> bool:
    """Tell whether a user may read what is at a path, links followed as that user."""
    with rights.of(owner):
        return os.access(str(path), os.R_OK, effective_ids=True)


def is_usable(path: Path, owner: Owner) -> bool:
    """Tell whether a user may read and write what is at a path that root made, a device say."""
    with rights.of(owner):
        return os.access(str(path), os.R_OK | os.W_OK, effective_ids=True)


def is_folder(path: Path) -> bool:
    """Tell whether a folder is at a path, or a link to one that root made."""
    try:
        with handles.folder(path):
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


def device(path: Path) -> int:
    """Return the number of the file system of a folder. Raises as `handles.folder` does."""
    with handles.folder(path) as handle:
        return os.fstat(handle).st_dev


def is_real_folder(path: Path) -> bool:
    """Tell whether a folder is at a path itself; a link to one is none."""
    found = status(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def names(path: Path) -> List[str]:
    """Return the sorted names in a folder; none where there is no folder."""
    try:
        with handles.listable(path) as handle:
            return sorted(os.listdir(handle))
    except (FileNotFoundError, NotADirectoryError):
        return []


def folders(path: Path) -> List[Path]:
    """Return the folders in a folder, sorted; links are none. There are none where there is no folder."""
    return [path / name for name in names(path) if is_real_folder(path / name)]


def free(path: Path) -> int:
    """Return the bytes that users have left on the disk of a folder. Raises as `handles.folder` does."""
    with handles.folder(path) as handle:
        found = os.fstatvfs(handle)
    return found.f_bavail * found.f_frsize


def kind(path: Path) -> str:
    """Return in words what is at a path. Raises OSError where nothing is."""
    mode = handles.look(path)[0].st_mode
    if stat.S_ISREG(mode):
        return FILE
    return "a link" if stat.S_ISLNK(mode) else FOLDER if stat.S_ISDIR(mode) else "a special file"


def spelt(name: str) -> str:
    """Return a name that no reply is broken by, though it is no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def is_writable(path: Path) -> bool:
    """Tell whether this program may write to a file, or make files in a folder."""
    kind = os.W_OK | os.X_OK if is_real_folder(path) else os.W_OK
    with handles.folder(path.parent) as parent:
        return os.access(path.name, kind, dir_fd=parent)


def below(path: Path) -> Iterator[Tuple[Path, os.stat_result]]:
    """Yield the path and the status of all that is below a folder and no folder itself, sorted within each folder."""
    return ((each, found) for each, found in tree(path) if not stat.S_ISDIR(found.st_mode))


def tree(path: Path) -> Iterator[Tuple[Path, os.stat_result]]:
    """Yield the path and the status of all that is below a folder; links are not followed."""
    for each, handle, _ in _walk(path):
        yield each, os.stat(each.name, dir_fd=handle, follow_symlinks=False)


def texts(path: Path) -> Iterator[Tuple[Path, bytes]]:
    """Yield the path and the bytes of all that is below a folder and no folder itself. Raises as `read` does."""
    for each, handle, is_folder in _walk(path):
        if not is_folder:
            with handles.opened_in(handle, each) as file:
                yield each, content(file, each)


def _walk(path: Path) -> Iterator[Tuple[Path, int, bool]]:
    """Yield the path of all that is below a folder, a handle of the folder that it is in, and whether it is one."""
    with handles.folder(path) as top:
        for folder_name, folders, others, handle in os.fwalk(".", dir_fd=top, onerror=fail):
            if folder_name.count(os.sep) > DEEPEST:
                raise Refusal("%s: more than %d folders, one in another; look there, and remove them" % (path, DEEPEST))
            folders.sort()
            here = path / folder_name
            for name in sorted(folders + others):
                yield here / name, handle, name in folders


def fail(error: OSError) -> None:
    """What os.fwalk is to do with an error, which it would swallow."""
    raise error


def read(path: Path) -> bytes:
    """Return the bytes of a text. Raises OSError, or Refusal for what is no regular file, or too long."""
    with opened(path) as file:
        return content(file, path)


def content(file: BinaryIO, path: Path) -> bytes:
    """Return what is left to read of an open text. Raises Refusal for what is too long."""
    require_short(file, path)
    return b"".join(islice(iter(lambda: file.read(CHUNK), b""), MOST // CHUNK))


def require_short(file: BinaryIO, path: Path) -> None:
    """Raises Refusal for what is too long to be a text."""
    if os.fstat(file.fileno()).st_size > MOST:
        raise Refusal("%s: more than %d MB; expected a text; move it away and run again" % (path, MOST >> 20))


def is_short(path: Path, size: int = 0) -> bool:
    """Tell whether a regular file is there that is no longer than a text, or than `size` bytes."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode) and found.st_size <= max(size, MOST)


def lines(path: Path) -> List[str]:
    """Return the lines of a text in UTF-8, with U+FFFD for what is none; none where there is no file."""
    try:
        return read(path).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def decoded(path: Path) -> Optional[Text]:
    """Return a text in UTF-8; None where there is none that can be read."""
    try:
        return Text(read(path).decode())
    except (OSError, UnicodeDecodeError, Refusal):
        return None


def text(path: Path) -> Optional[Tuple[os.stat_result, str]]:
    """Return what a text is, and its SHA-256; None where there is none, or one that is too long."""
    try:
        with opened(path) as file:
            found = os.fstat(file.fileno())
            return (found, digest(file)) if found.st_size <= MOST else None
    except handles.NotPlain:
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal. Raises as `read` does."""
    with opened(path) as file:
        return digest(file)


def digest(file: BinaryIO) -> str:
    """Return the SHA-256 of what is left to read of an open file, in hexadecimal."""
    found = hashlib.sha256()
    for chunk in iter(lambda: file.read(CHUNK), b""):
        found.update(chunk)
    return found.hexdigest()


def target(path: Path) -> Optional[str]:
    """Return what a link names, or None where there is no link."""
    try:
        with handles.folder(path.parent) as parent:
            return os.readlink(path.name, dir_fd=parent)
    except OSError:
        return None
