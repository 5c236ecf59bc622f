"""What an attacker puts in root's way, in rounds: several hosts, each attacked in another way, before one command."""

from dataclasses import dataclass
from typing import NamedTuple

from tests.fleet.attacker import HOME, SECRET, TARGET

DATA = f"{HOME}/sentinelcam"
LOGS, FACES, PUMP = f"{DATA}/logs", f"{DATA}/face_recognition", f"{HOME}/datapump.yaml"
LOG, CURRENT = f"{LOGS}/model_deployment.log", f"{FACES}/facelist_current.csv"
CAMERA, NEW_CAMERA = f"{HOME}/imagenode.yaml", f"{HOME}/.imagenode.yaml.new"
CAMERAS = f"{HOME}/imagenode/models"
SSD, STAGING = f"{CAMERAS}/mobilenet_ssd/2020-12-06", f"{CAMERAS}/.staging"
MANIFEST, PROTOTXT = f"{SSD}/manifest.yaml", f"{SSD}/MobileNetSSD_deploy.prototxt"
TASKS, MODELS = f"{HOME}/sentinel/tasks", f"{HOME}/sentinel/models"
GIVEN, GOING = f"{MODELS}/face_recognition/2026-02-02", f"{MODELS}/mobilenet_ssd/2026-05-01"
REST = f"{MODELS}/mobilenet_ssd/.retired-2026-05-01"
PEOPLE, EMBEDDINGS = f"{GIVEN}/facelist.csv", f"{GIVEN}/facedata.hdf5"
KEYS = f"{HOME}/.ssh/authorized_keys"
LOCKS = "/var/lib/sentinelcam/pull.lock /var/lib/sentinelcam/sets/*/lock"
ASIDE, KEEP = f"{HOME}/aside", f"{HOME}/spare"
MOMENT = "sleep 0.01"
DEEP = 1500
"""More folders, one in another, than a program may have open at once, or Python recurse."""

GOES_ON, STOPS, EITHER = "goes on", "stops", "either"
"""What the operator's command does on that host."""


class Form(NamedTuple):
    """What takes the place of a path: made once, and what the attacker repeats while the operator's command runs."""

    path: str
    make: str = ":"
    meanwhile: str = ""


@dataclass(frozen=True)
class Attack:
    """One attack on one host.

    :param ends: whether the command goes on there, or stops with a line.
    :param says: a part of that line.
    :param holds: a command of root's that must succeed after it.
    """

    host: str
    name: str
    form: Form
    ends: str
    says: str = ""
    holds: str = "true"

    @property
    def before(self) -> str:
        """What the attacker does first: what is there goes aside."""
        return f"mv {self.form.path} {ASIDE} 2>/dev/null || :; {self.form.make}"

    @property
    def undo(self) -> str:
        """What root does last."""
        path = self.form.path
        return f"rm -rf {path}; mv {ASIDE} {path} 2>/dev/null; rm -rf {ASIDE} {KEEP}; true"


def link(path: str, to: str = TARGET) -> Form:
    return Form(path, f"ln -s {to} {path}")


def fifo(path: str) -> Form:
    return Form(path, f"mkfifo {path}")


def folder(path: str) -> Form:
    return Form(path, f"mkdir {path}; echo mine >{path}/mine")


def huge(path: str) -> Form:
    """A file that takes no room, and more memory or time than there is."""
    return Form(path, f"truncate --size=1T {path}")


def text(path: str, said: str) -> Form:
    return Form(path, f"printf '{said}' >{path}")


def deep(path: str) -> Form:
    """A folder in a folder in a folder."""
    dig = f"import os; [(os.mkdir('d'), os.chdir('d')) for _ in range({DEEP})]"
    return Form(path, f'mkdir {path}; (cd {path}; /usr/bin/python3 -c "{dig}")')


def dance(path: str, *forms: Form, make: str = ":", pause: str = ":") -> Form:
    """One form after the other, again and again, with a pause in between where it is not to take a whole processor."""
    return Form(path, make, "; ".join(f"rm -rf {path}; {form.make}; {pause}" for form in forms))


def pulled(form: Form) -> Form:
    """The same, and there is a small file to pull."""
    return form._replace(make=f"rm -f {PROTOTXT}; {form.make}")


def nothing(path: str) -> Form:
    return Form(path, f"mkdir {path}")


BY_ROOT_ONLY = "a link that ops made"
NO_FILE, NO_PATH = "found no plain file", "expected a whole path"
DEPLOYS = (
    (
        Attack("data1", "R4-logs-link", link(LOGS), STOPS, BY_ROOT_ONLY),
        Attack("data2", "facefile-secret", text(PUMP, "facefile: /root/secret\\n"), STOPS, "/root/secret"),
        Attack("sentinel", "R4-tasks-link", link(TASKS), STOPS, BY_ROOT_ONLY),
        Attack("lab1", "R4-staging-link", pulled(link(STAGING, f"{TARGET}/tree")), GOES_ON),
        Attack("east", "R7-new-folder", folder(NEW_CAMERA), GOES_ON, holds=f"cat {NEW_CAMERA}/mine"),
        Attack("alpha5", "config-link", link(CAMERA, SECRET), GOES_ON, holds=f"test ! -L {CAMERA}"),
    ),
    (
        Attack("data1", "R5-log-fifo", fifo(LOG), STOPS, NO_FILE),
        Attack("data2", "facefile-zero", text(PUMP, "facefile: /dev/zero\\n"), STOPS, NO_FILE),
        Attack("sentinel", "embeddings-secret", link(EMBEDDINGS, SECRET), STOPS, "a link to nothing"),
        Attack("lab1", "models-link", link(CAMERAS), STOPS, BY_ROOT_ONLY),
        Attack("east", "config-fifo", fifo(CAMERA), GOES_ON, holds=f"test -f {CAMERA}"),
        Attack("alpha5", "config-folder", folder(CAMERA), STOPS, "a folder, expected a file"),
    ),
    (
        Attack("data1", "log-secret", link(LOG, SECRET), STOPS, "model_deployment.log"),
        Attack("data2", "face-list-secret", link(CURRENT, SECRET), STOPS, f"{SECRET}: Permission denied"),
        Attack("sentinel", "embeddings-fifo", fifo(EMBEDDINGS), STOPS, "facedata.hdf5"),
        Attack("lab1", "version-link", link(SSD), STOPS, BY_ROOT_ONLY),
        Attack("east", "config-hard-link", Form(CAMERA, f"echo mine >{KEEP}; ln {KEEP} {CAMERA}"), GOES_ON,
               holds=f"test $(cat {KEEP}) = mine"),
        Attack("alpha5", "staging-deep", pulled(deep(STAGING)), GOES_ON),
    ),
    (
        Attack("data1", "log-huge", huge(LOG), STOPS, "model_deployment.log"),
        Attack("data2", "facefile-relative", text(PUMP, "facefile: faces.csv\\n"), STOPS, NO_PATH),
        Attack("sentinel", "list-link", Form(PEOPLE, f"cp {ASIDE} {KEEP}; ln -s {KEEP} {PEOPLE}"), GOES_ON),
        Attack("lab1", "manifest-secret", link(MANIFEST, SECRET), GOES_ON, holds=f"test ! -L {MANIFEST}"),
        Attack("east", "config-huge", huge(CAMERA), GOES_ON),
        Attack("alpha5", "staging-fifo", pulled(fifo(STAGING)), GOES_ON),
    ),
    (
        Attack("data2", "facefile-fifo", Form(PUMP, f"mkfifo {KEEP}; echo facefile: {KEEP} >{PUMP}"), STOPS, NO_FILE),
        Attack("sentinel", "list-huge", huge(PEOPLE), GOES_ON),
        Attack("east", "config-danced",
               dance(CAMERA, link(CAMERA, SECRET), fifo(CAMERA), nothing(CAMERA), pause=MOMENT), EITHER),
    ),
    (
        Attack("data1", "facefile-with-a-zero", text(PUMP, "facefile: /a\\000b\\n"), STOPS, NO_PATH),
        Attack("data2", "face-lists-link", link(FACES), STOPS, BY_ROOT_ONLY),
        Attack("sentinel", "tasks-danced", dance(TASKS, link(TASKS), nothing(TASKS)), EITHER),
        Attack("lab1", "version-danced", dance(SSD, link(SSD), nothing(SSD)), EITHER),
        Attack("east", "locks-held", Form(KEEP, meanwhile=f"for lock in {LOCKS}; do flock $lock sleep 3 & done; wait"),
               GOES_ON),
        Attack("alpha5", "manifest-huge", huge(MANIFEST), EITHER,
               holds=f"test $(stat --format=%s {MANIFEST}) -lt 99999"),
    ),
    (
        Attack("data1", "logs-danced-fast", dance(LOGS, link(LOGS), nothing(LOGS)), EITHER),
        Attack("lab1", "staging-danced", pulled(dance(STAGING, link(STAGING), folder(STAGING))), EITHER),
        Attack("east", "config-danced-fast",
               dance(CAMERA, link(CAMERA, SECRET), fifo(CAMERA), nothing(CAMERA)), EITHER),
        Attack("alpha5", "new-config-danced", dance(NEW_CAMERA, link(NEW_CAMERA, SECRET), folder(NEW_CAMERA)), EITHER),
    ),
    (
        Attack("data1", "logs-danced", dance(LOGS, link(LOGS), nothing(LOGS), pause=MOMENT), EITHER),
    ),
)  # fmt: skip
"""Rounds before a deploy that wants another set of each host."""

ODD = "printf '\\033[2Jx\\nwell\\377'"
LOOKS = (
    Attack("data1", "log-fifo", fifo(LOG), GOES_ON),
    Attack("data2", "current-list-odd", Form(CURRENT, f'ln -s "$({ODD})" {CURRENT}'), GOES_ON),
    Attack("sentinel", "models-link", link(MODELS), EITHER),
    Attack("lab1", "manifest-fifo", fifo(MANIFEST), GOES_ON),
    Attack("east", "config-fifo", fifo(CAMERA), GOES_ON),
    Attack("alpha5", "names-odd", Form(SSD, f'cp -a {ASIDE} {SSD}; touch "{SSD}/$({ODD})"'), GOES_ON),
)
"""Before who only looks."""

NO_KEYS = f"{TARGET}/keys"
ACCESSES = (
    Attack("data1", "keys-link-to-nothing", link(KEYS, NO_KEYS), STOPS, f"{NO_KEYS}: Permission denied"),
    Attack("data1", "keys-link-to-no-folder", link(KEYS, f"{TARGET}/a/b/keys"), STOPS, "Permission denied"),
    Attack("data1", "keys-secret", link(KEYS, SECRET), STOPS, f"{SECRET}: Permission denied"),
    Attack("data1", "keys-danced", dance(KEYS, link(KEYS, NO_KEYS), link(KEYS, SECRET), fifo(KEYS)), EITHER),
)
"""Before the datasink is to let nodes in, whose line is lost."""

COLLECTS = (
    Attack("sentinel", "embeddings-secret", link(EMBEDDINGS, SECRET), STOPS, "expected a plain file"),
    Attack("sentinel", "embeddings-fifo", fifo(EMBEDDINGS), STOPS, NO_FILE),
    Attack("sentinel", "version-link", link(GIVEN), STOPS, "found a link"),
    Attack("sentinel", "embeddings-danced", dance(EMBEDDINGS, link(EMBEDDINGS, SECRET), fifo(EMBEDDINGS)), EITHER),
)
RESTORES = (
    Attack("sentinel", "list-secret", link(PEOPLE, SECRET), EITHER),
    Attack("sentinel", "list-fifo", fifo(PEOPLE), EITHER),
    Attack("sentinel", "version-link", link(GIVEN), EITHER),
    Attack("sentinel", "list-danced", dance(PEOPLE, link(PEOPLE, SECRET), fifo(PEOPLE)), EITHER),
)
CLEANUPS = (
    Attack("sentinel", "version-danced", dance(GOING, link(GOING), nothing(GOING)), EITHER),
    Attack("sentinel", "version-deep", deep(GOING), EITHER),
    Attack("sentinel", "rest-link", link(REST), GOES_ON),
)
