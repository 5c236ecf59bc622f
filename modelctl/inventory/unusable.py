"""What the real programs end at, or go blind with: it is refused, a line each."""

from collections.abc import Iterator

from modelctl.faults import dotted, fault
from modelctl.inventory.hosts import OAK_PICTURE, RING_BUFFERS, Camera, OakCamera
from modelctl.schema import Coral, Model, Pin


def camera_faults(path: str, camera: Camera) -> Iterator[str]:
    """What of a camera imagenode or the sentinel's tasks cannot use, a line each; `path` is the camera's."""
    sizes = sorted(RING_BUFFERS.values(), reverse=True)
    if isinstance(camera, OakCamera):
        if camera.resolution != OAK_PICTURE:
            allowed = f"{OAK_PICTURE}, the size of what an OAK camera's pipeline makes"
            yield fault(f"{path}.resolution", camera.resolution, allowed)
    elif camera.resolution not in sizes:
        allowed = f"{' or '.join(map(str, sizes))}: the sentinel's tasks fail on other pictures"
        yield fault(f"{path}.resolution", camera.resolution, allowed)
    if camera.spyglass not in (None, camera.resolution):
        allowed = f"{camera.resolution}, the picture's, or None: with another size imagenode publishes no picture"
        yield fault(f"{path}.spyglass", camera.spyglass, allowed)
    if camera.detectobjects == "none" and not isinstance(camera, OakCamera):
        yield fault(
            f"{path}.detectobjects", "none", "mobilenetssd or motion: without a detector no event is ever recorded"
        )


def pin_faults(path: str, entry: Model | Coral, version: str, pin: Pin) -> Iterator[str]:
    """Empty files in roles that configs name; `path` is the pin's table of files. Linked files may begin empty."""
    for name in sorted(entry.names_of(version) - entry.linked_names):
        if name in pin.files and pin.files[name].size == 0:
            allowed = "a file with content; store the whole file as another version, and name that one"
            yield fault(f"{path}.{dotted((name,))}.size", 0, allowed)
