"""A wheel on a small machine: what a member unpacks to is bounded by what it says that it is."""

import io
import tracemalloc
import zipfile
from contextlib import suppress

from node.coral import wheel

CLAIMED = 1000
UNPACKED = 32 << 20
MOST = 4 << 20


def test_a_member_is_read_no_further_than_it_says() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(UNPACKED))
    with zipfile.ZipFile(packed) as archive:
        [info] = archive.infolist()
        info.file_size = CLAIMED
        tracemalloc.start()
        try:
            with suppress(zipfile.BadZipFile):  # its sum is that of the whole
                wheel._read(archive, info)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < MOST
