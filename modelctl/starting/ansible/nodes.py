"""Hosts of the inventory, as the hosts here: by their groups, and by the role that their variables say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from modelctl.inventory.consistency import needed_model
from modelctl.inventory.hosts import (
    CAMERA_LETTERS,
    Camera,
    Datasink,
    Host,
    MotionParams,
    Outpost,
    Sentinel,
    TaskName,
    Trainer,
    Watchtower,
)
from modelctl.inventory.values import CameraName, HostName, Version
from modelctl.schema import Site
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.ansible.reading import Key, Tree
from modelctl.starting.ansible.taking import Fields, Taking, kind_of, needed
from modelctl.starting.ansible.variables import ALL, Hosts, keys_of

ROLES: Mapping[str, type[Host]] = {
    "datasinks": Datasink,
    "sentinels": Sentinel,
    "outposts": Outpost,
    "ml_trainers": Trainer,
    "watchtowers": Watchtower,
}
"""The groups that say what a host is. Its variable `node_role` says the same, in the singular."""
LEGACY = "legacy_nodes"
"""The group of the nodes whose services run as another user."""
HOST = {"ansible_host": "address", "ansible_user": "login", "debug_mode": "debug_mode"}
SENTINEL = {"sentinel_accelerator_type": "accelerator"}
OUTPOST = {"outpost_models": "models"}
NODE = {"node_name": "node_name", "heartbeat": "heartbeat"}
CAMERA = {name: name for name in (
    "viewname", "resolution", "framerate", "spyglass", "vflip", "threaded_read", "encoder", "detectobjects",
    "accelerator", "tracker", "confidence", "interesting_objects", "debug_mode", "roi",
)} | {"ROI": "roi"}  # fmt: skip
MOTION = {
    "varThreshold": "var_threshold",
    "detectShadows": "detect_shadows",
    "history": "history",
    "minContourW": "min_contour_width",
    "minContourH": "min_contour_height",
    "gaussianBlur": "gaussian_blur",
    "noMotionThreshold": "no_motion_threshold",
}
FRAMERATE = 32


@dataclass(frozen=True)
class Described:
    """What the inventory says of an outpost in `sentinelcam_outposts`: by which name, and with which keys."""

    name: str
    tree: Tree


def nodes(found: Hosts, shared: Taking) -> dict[str, Host]:
    """Every host that is of a kind here, in the light of what all share. All keys of the others are left."""
    ledger, described = shared.ledger, _described(shared)
    primary = shared.key("primary_datasink")
    made: dict[str, Host] = {}
    for name in found.layers:
        taking = Taking(ledger, found.variables(name))
        kind = _kind(found, name, taking)
        if isinstance(kind, str):
            _leave_host(found, name, ledger, kind)
            continue
        _take_mentions(found, name, ledger, kind)
        node = _Node(taking, name, kind, f"site.hosts.{name}", len(made), shared.text(primary) if primary else None)
        made[name] = node.made(described.pop(name, None))
    for name, each in described.items():
        for key in keys_of(each.tree):
            ledger.leave(key, f"no outpost here is called {name}")
    return made


def _kind(found: Hosts, name: str, taking: Taking) -> type[Host] | str:
    """What a host is; or why it is nothing here."""
    try:
        TypeAdapter(HostName).validate_python(name)
    except ValidationError as error:
        return f"its host has no name that a host can have here, {error.errors()[0]['msg']}"
    groups = [group for group in found.groups_of(name) if group in ROLES]
    if len(groups) > 1:
        return f"its host is in the groups {' and '.join(groups)}; expected one of them"
    key = taking.key("node_role")
    said = None if key is None else f"{taking.text(key)}s"
    if not groups and said not in ROLES:
        others = [group for group in found.groups_of(name) if group != ALL]
        return f"its host is of no kind that is known here, by its groups: {', '.join(others) or 'none'}"
    group = groups[0] if groups else str(said)
    if key is not None and said == group:
        taking.ledger.take(key, f"site.hosts.{name} = {ROLES[group].__name__}(...)")
    elif key is not None:
        taking.ledger.leave(key, f"its group {group} says otherwise, and counts")
    return ROLES[group]


def _leave_host(found: Hosts, name: str, ledger: Ledger, why: str) -> None:
    for _, key in found.mentions.get(name, []):
        ledger.leave(key, why)
    for layer in found.layers[name]:
        for key in keys_of(layer):
            ledger.leave(key, why)


def _take_mentions(found: Hosts, name: str, ledger: Ledger, kind: type[Host]) -> None:
    for group, key in found.mentions.get(name, []):
        if group in ROLES:
            ledger.take(key, f"site.hosts.{name} = {kind.__name__}(...)")
        elif group == LEGACY and issubclass(kind, Sentinel | Outpost):
            ledger.take(key, f"site.legacy_nodes has {name}")
        else:
            ledger.leave(key, f"the group {group} says nothing of a {kind.__name__} here")


def _described(taking: Taking) -> dict[str, Described]:
    """The entries of `sentinelcam_outposts`, by the host that they are about."""
    found: dict[str, Described] = {}
    for name, tree in taking.tree("sentinelcam_outposts").items():
        key = None if isinstance(tree, Key) else tree.get("hostname")
        host = taking.text(key) if isinstance(key, Key) else name
        if isinstance(tree, Key) or host is None:
            continue
        found[host] = Described(name, tree)
        if isinstance(key, Key):
            taking.ledger.take(key, f"site.hosts.{host}")
    return found


@dataclass(frozen=True)
class _Node:
    """Makes one host; `number` gives it an address of its own where the inventory has none."""

    taking: Taking
    name: str
    kind: type[Host]
    place: str
    number: int
    primary: str | None

    def made(self, described: Described | None) -> Host:
        more = SENTINEL if self.kind is Sentinel else OUTPOST if self.kind is Outpost else {}
        fields = dict(self.taking.fields(self.kind, self.taking.variables, {**HOST, **more}, self.place))
        if "address" not in fields:
            fields["address"] = f"192.0.2.{100 + self.number % 100}"
            self._add("address", fields["address"], "an example's, since it has no IP address: write its own")
        fields["address"] = str(fields["address"])
        fields |= self._overrides()
        if self.kind is Outpost:
            fields |= self._outpost(described)
            fields |= self._models(fields["cameras"].values(), fields.get("models"))
        elif described is not None:
            for each in keys_of(described.tree):
                self.taking.ledger.leave(each, f"{self.name} is no outpost, by its group")
        key = self.taking.key("node_name")
        if key is not None and self.taking.text(key) == self.name:
            self.taking.ledger.take(key, self.place)
        return self.kind(**needed(self.kind, fields))

    def _add(self, field: str, value: object, why: str) -> None:
        self.taking.ledger.add(f"{self.place}.{field} = {value}", why)

    def _overrides(self) -> Fields:
        kind, versions = TypeAdapter(Version), dict[str, str]()
        for model, key in self.taking.tree("model_version_overrides").items():
            if isinstance(key, Key):
                found = self.taking.value(key, kind, f"{self.place}.model_version_overrides.{model}")
                versions |= {} if found is None else {model: found}
        return {"model_version_overrides": versions}

    def _outpost(self, described: Described | None) -> Fields:
        config, tree = self.taking.tree("imagenode_config"), described.tree if described else {}
        fields = dict(self.taking.fields(Outpost, config, NODE, self.place))
        if described is not None and described.name != self.name and "node_name" not in fields:
            fields["node_name"] = described.name
            self._add("node_name", described.name, "sentinelcam_outposts calls it so")
        if fields.get("node_name") == self.name:
            del fields["node_name"]
        fields |= dict(self.taking.fields(Outpost, tree, {"datasink": "datasink"}, self.place))
        if fields.get("datasink") == self.primary:
            fields.pop("datasink", None)
        cameras, others = config.get("cameras", {}), tree.get("cameras", {})
        names = [*({} if isinstance(cameras, Key) else cameras), *({} if isinstance(others, Key) else others)]
        made = {name: self._camera(name, _below(cameras, name), _below(others, name)) for name in dict.fromkeys(names)}
        fields["cameras"] = {name: camera for name, camera in made.items() if camera is not None}
        if not fields["cameras"]:
            fields["cameras"] = {"P1": self._complete("P1", {})}
        return fields

    def _models(self, cameras: Iterable[Camera], said: tuple[str, ...] | None) -> Fields:
        """The models that are said for an outpost, and those that its cameras need besides."""
        known = Site.model_fields["outpost_models"].default if said is None else said
        needed = dict.fromkeys(model for model in map(needed_model, cameras) if model)
        if missing := tuple(model for model in needed if model not in known):
            self._add("models", ", ".join((*known, *missing)), "its cameras need them")
            return {"models": (*known, *missing)}
        return {}

    def _camera(self, name: str, tree: Tree, other: Tree) -> Camera | None:
        """A camera of imagenode_config; what `sentinelcam_outposts` says besides counts where that says nothing."""
        try:
            TypeAdapter(CameraName).validate_python(name)
        except ValidationError as error:
            for key in (*keys_of(tree), *keys_of(other)):
                self.taking.ledger.leave(key, f"its camera is called {name}; expected {error.errors()[0]['msg']}")
            return None
        kind, place = CAMERA_LETTERS[name[0]], f"{self.place}.cameras.{name}"
        fields = self._camera_fields(kind, tree, place)
        for key_name, each in other.items():
            field = CAMERA.get(key_name)
            if field in fields and isinstance(each, Key):
                again = Taking(Ledger(()), self.taking.variables).value(each, kind_of(kind, field), place)
                if again == fields[field]:
                    self.taking.ledger.take(each, f"{place}.{field}, as imagenode_config says too")
                else:
                    self.taking.ledger.leave(each, f"imagenode_config says {fields[field]}, and counts")
        known = {key_name: field for key_name, field in CAMERA.items() if field not in fields}
        return self._complete(name, fields | dict(self.taking.fields(kind, other, known, place)))

    def _camera_fields(self, kind: type[Camera], tree: Tree, place: str) -> Fields:
        """Its own keys, and those of its detector, which belong to the camera here."""
        taking = self.taking
        fields = dict(taking.fields(kind, tree, CAMERA, place))
        for name in ("detector", "detectors", "outpost", "mobilenetssd"):
            fields |= self._camera_fields(kind, _below(tree, name), place) if _below(tree, name) else {}
        tasks = dict[str, str]()
        for seen, key in _below(tree, "sentinel_tasks").items():
            if isinstance(key, Key):
                task = taking.value(key, TypeAdapter(TaskName), f"{place}.sentinel_tasks.{seen}")
                tasks |= {seen: task} if task else {}
        motion = dict(taking.fields(MotionParams, _below(tree, "motion_params"), MOTION, f"{place}.motion_params"))
        if set(motion) == set(MotionParams.model_fields):
            fields["motion_params"] = MotionParams(**motion)
        return fields | ({"sentinel_tasks": tasks} if tasks else {})

    def _complete(self, name: str, fields: Fields) -> Camera:
        """With what a camera must have, and no key says."""
        kind = CAMERA_LETTERS[name[0]]
        wanted: Fields = {"viewname": name, "resolution": (640, 360 if name[0] == "O" else 480), "framerate": FRAMERATE}
        if name[0] != "O" and fields.get("detectobjects", "none") == "none":
            wanted["detectobjects"] = "motion"
            fields = {field: value for field, value in fields.items() if field != "detectobjects"}
        for field, value in wanted.items():
            if field not in fields:
                self._add(f"cameras.{name}.{field}", value, "a camera has to have it, and nothing says it")
        return kind(**needed(kind, wanted | fields))


def _below(tree: "Key | Tree", name: str) -> Tree:
    """The mapping of a name; empty where there is none."""
    found = {} if isinstance(tree, Key) else tree.get(name, {})
    return {} if isinstance(found, Key) else found
