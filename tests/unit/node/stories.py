"""Switches as they can happen, each about to begin on a node of its own: what the kill tests interrupt."""

from collections.abc import Collection, Mapping
from functools import cached_property

from node.store import checksum_cache, files, sets
from node.store.service_set import Link, Named, ServiceSet
from node.switch import switch
from tests.unit.node.places import installed, request, service_set, sha256
from tests.unit.node.simulated import BAD, MINE, OLDER_UNIT, UNIT, Node, Tree

SERVICE, ENGINE, TIMER = "engine", "engine.service", "engine.timer"
COMMIT = "after rename state/sets/engine/chosen (1)"


class Story:
    """A node at the moment before a switch, and the set that it is to switch to."""

    def __init__(self, node: Node, new: ServiceSet) -> None:
        self.node, self.new = node, new
        self.chosen = sets.digest_of(SERVICE, sets.CHOSEN)
        self.previous = sets.digest_of(SERVICE, sets.PREVIOUS)
        self.live = node.live()
        self.is_running = node.systemd.unit(ENGINE).active == "active"
        self.enabled = set(node.systemd.enabled)
        self.linked = {path: path.read_bytes() for path in node.models.glob("*/*/list.csv")}

    def switch(self) -> None:
        """What an operator's command does, up to the end of the switch."""
        sets.put(self.new, "c0ffee")
        switch.run(request(self.new.digest))

    @property
    def old(self) -> str | None:
        """The set that was chosen, or that was adopted because none was."""
        adopted = (each.content.digest for each in sets.all_whole(SERVICE) if each.commit == sets.ADOPTED)
        return self.chosen or next(adopted, None)

    @cached_property
    def is_good(self) -> bool:
        return not any(BAD in text for text in self.wanted.values()) and "[" in self.wanted["units/" + ENGINE]

    @cached_property
    def wanted(self) -> Tree:
        """The files and links that are live with the new set."""
        root = self.node.root
        contents = {str(each.path.relative_to(root)): each.content or "" for each in self.new.files}
        return {
            **MINE,
            **contents,
            **{str(each.path.relative_to(root)): "-> " + each.target for each in self.new.links},
        }


def engine(
    node: Node,
    digest: str,
    text: str = "",
    *,
    unit: str = UNIT,
    tasks: Collection[str] = (),
    timers: Collection[str] = (),
    links: Mapping[str, str] | None = None,
    named: Collection[Named] = (),
    state: str = "running",
) -> ServiceSet:
    contents = {"engine.yaml": digest + text, **{"tasks/" + name: digest + name for name in tasks}}
    return service_set(
        digest,
        installed(node.units / ENGINE, f"# {digest}\n{unit}", "root"),
        *[installed(node.units / name, f"[Timer] # {digest}\n", "root") for name in timers],
        *[installed(node.home / name, content) for name, content in contents.items()],
        links=[Link(node.home / name, target) for name, target in (links or {}).items()],
        named=named,
        timers=timers,
        state=state,
    )


def deploy(node: Node, *several: ServiceSet) -> None:
    """Switch to each of these sets, one after the other."""
    for wanted in several:
        sets.put(wanted, "c0ffee")
        switch.run(request(wanted.digest, "r0"))
        node.systemd.settle()
        assert sets.digest_of(SERVICE, sets.CHOSEN) == wanted.digest


def version(node: Node, name: str) -> list[Named]:
    """A version of a model on the node, verified; its list is a linked file that the node has added to."""
    folder = node.models / "faces" / name
    files.folder(folder)
    (folder / "faces.bin").write_text("model " + name)
    (folder / "list.csv").write_text("list of the node itself, " + name)
    checksum_cache.put(folder / "faces.bin", checksum_cache.read(folder / "faces.bin"))
    return [
        Named(folder / "faces.bin", sha256(b"model " + name.encode()), linked=False),
        Named(folder / "list.csv", sha256(b"list as it came"), linked=True),
    ]


def healthy(node: Node) -> Story:
    deploy(node, engine(node, "older"), engine(node, "old", tasks=["a"], named=version(node, "2025-02-25")))
    return Story(node, engine(node, "new", tasks=["a"], named=version(node, "2026-02-02")))


def unhealthy(node: Node) -> Story:
    deploy(node, engine(node, "older"), engine(node, "old", named=version(node, "2025-02-25")))
    return Story(node, engine(node, "new", BAD, named=version(node, "2026-02-02")))


def bare(node: Node) -> Story:
    return Story(node, engine(node, "new", tasks=["a"], timers=[TIMER]))


def unhealthy_after_an_older_tool(node: Node) -> Story:
    (node.units / ENGINE).write_text(OLDER_UNIT)
    (node.home / "engine.yaml").write_text("by an older tool")
    (node.home / "current").symlink_to("list of old")
    node.systemd.control("enable", "--now", ENGINE)
    links = {"current": "list of new", "another": "thing"}
    return Story(node, engine(node, "new", BAD, timers=[TIMER], links=links))


def unhealthy_both(node: Node) -> Story:
    deploy(node, engine(node, "old", BAD))
    return Story(node, engine(node, "new", BAD))


def fewer_files(node: Node) -> Story:
    deploy(node, engine(node, "old", tasks=["a", "b"], timers=[TIMER], links={"current": "x", "gone": "y"}))
    return Story(node, engine(node, "new", tasks=["a"], links={"current": "x"}))


def other_link(node: Node) -> Story:
    deploy(node, engine(node, "old", links={"list_current.csv": "list_1.csv"}))
    return Story(node, engine(node, "new", links={"list_current.csv": "list_2.csv"}, timers=[TIMER]))


def same_set_with_drift(node: Node) -> Story:
    new = engine(node, "new", tasks=["a", "b"], links={"current": "x"})
    deploy(node, engine(node, "old"), new)
    (node.home / "tasks" / "a").write_text("by hand")
    (node.home / "tasks" / "b").unlink()
    (node.home / "current").unlink()
    return Story(node, new)


def stopped_by_hand(node: Node) -> Story:
    """Since its last deploy; the site says so by now."""
    deploy(node, engine(node, "old", tasks=["a"]))
    node.systemd.control("stop", ENGINE)
    node.systemd.control("disable", ENGINE)
    return Story(node, engine(node, "new", tasks=["b"], state="stopped"))


def unit_that_does_not_parse(node: Node) -> Story:
    deploy(node, engine(node, "old"))
    return Story(node, engine(node, "new", unit="nonsense"))


def after_a_switch_that_nobody_ended(node: Node) -> Story:
    deploy(node, engine(node, "older"), engine(node, "old", tasks=["a"]))
    story = Story(node, engine(node, "new", tasks=["b"]))
    half = engine(node, "half", tasks=["a", "c"])
    sets.put(half, "c0ffee")
    node.run(lambda: switch.run(request("half", "r0")), COMMIT)
    return story


STORIES = [
    healthy, unhealthy, bare, unhealthy_after_an_older_tool, unhealthy_both, fewer_files, other_link,
    same_set_with_drift, stopped_by_hand, unit_that_does_not_parse, after_a_switch_that_nobody_ended,
]  # fmt: skip
