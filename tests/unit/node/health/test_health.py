import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import layout
from node.coral import stick
from node.errors import Refusal, Unknown
from node.health import health, work
from node.health.work import Look
from node.machine import services
from node.machine.services import Status
from node.store import checksum_cache
from node.store.service_set import NOTHING, Named, ServiceSet
from tests.unit.node.places import HEALTH_CHECK, Place, installed, service_set

UP = Status("active", "running", 7, "enabled", 0, False)
STARTING = Status("activating", "start-pre", 0, "enabled", 0, False)
CRASHED = Status("activating", "auto-restart", 0, "enabled", 0, False)
RESTARTED = UP._replace(restarts=1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def model(folder: Path, *, linked: bool = False) -> Named:
    path = folder / "cats.bin"
    path.write_bytes(b"meow")
    path.chmod(0o644)
    return Named(path, "ab" * 32, linked)


class TestUnready:
    def test_verified_and_readable(self, folder: Path) -> None:
        named = model(folder)
        checksum_cache.put(named.path, checksum_cache.read(named.path)._replace(sha256=named.sha256))
        assert health.not_ready(service_set("d", installed(folder / "c", ""), named=[named])) is None

    def test_missing(self, folder: Path) -> None:
        named = Named(folder / "absent", "ab" * 32, linked=True)
        assert health.not_ready(service_set("d", named=[named])) == f"{folder}/absent: missing; run deploys/models.py"

    def test_not_verified(self, folder: Path) -> None:
        named = model(folder)
        assert health.not_ready(service_set("d", named=[named])) == (
            f"{named.path}: not verified with its pinned SHA-256 abababababab; run deploys/models.py"
        )

    def test_a_linked_file_is_the_nodes_own(self, folder: Path) -> None:
        assert health.not_ready(service_set("d", named=[model(folder, linked=True)])) is None

    def test_not_readable_by_the_services_user(self, folder: Path) -> None:
        named = model(folder, linked=True)
        named.path.chmod(0o600)
        wanted = service_set("d", installed(folder / "c", ""), named=[named])
        assert health.not_ready(wanted) == f"{named.path}: not readable by nobody; check owner and mode"

    def test_an_unknown_user_is_refused(self, folder: Path) -> None:
        wanted = service_set("d", installed(folder / "c", "", owner="no-such-user"))
        with pytest.raises(Refusal, match=r"^user no-such-user: not on this node"):
            health.not_ready(wanted)


def patient(**health_check: object) -> ServiceSet:
    """A set whose service must stay healthy for three seconds."""
    return service_set("d")._replace(health_check=HEALTH_CHECK._replace(**{"settle_time": 3, **health_check}))  # type: ignore[arg-type]


WORKS, NOT_YET, BROKEN = Look(work.WORKS), Look(work.NOT_YET, "no picture"), Look(work.BROKEN, "a child died")
DEAD = BROKEN._replace(on_stick=True)
"""All that died may have worked with a stick."""
UNKNOWN, NO_STICK = Look(work.UNKNOWN, "/proc: no memory"), Look(work.NO_STICK, "the stick is absent")


class Looks:
    """What systemd shows and what a look finds, look by look; the last stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.shows(UP)
        self.finds(WORKS)

    def shows(self, *statuses: Status | Refusal) -> None:
        shown = itertools.chain(statuses, itertools.repeat(statuses[-1]))
        self.monkeypatch.setattr(services, "status", lambda _: _given(next(shown)))

    def finds(self, *looks: Look) -> None:
        found = itertools.chain(looks, itertools.repeat(looks[-1]))
        self.monkeypatch.setattr(work, "look", lambda *_: next(found))


def _given(status: Status | Refusal) -> Status:
    if isinstance(status, Refusal):
        raise status
    return status


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock takes a second."""
    clock = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.usefixtures("seconds")
class TestWait:
    def test_working_for_the_settle_time(self, looks: Looks) -> None:
        looks.finds(WORKS)
        assert health.wait(patient()) is None

    def test_no_longer_than_that(self, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last look is at its end, whatever the pause between two others."""
        clock = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
        monkeypatch.setattr(health, "PAUSE", 0.7)
        assert health.wait(patient()) is None
        assert clock[0] == pytest.approx(3.0)
        looks.shows(STARTING)
        assert health.wait(patient(start_timeout=6)) == "engine.service is activating, expected active within 6 s"
        assert clock[0] == pytest.approx(3.0 + 9 * 0.7)  # the first look after the start timeout

    def test_what_has_not_come_may_come_until_the_start_timeout(self, looks: Looks) -> None:
        looks.finds(*[NOT_YET] * 30, WORKS)
        assert health.wait(patient()) is None
        looks.shows(*[STARTING] * 30, UP)
        assert health.wait(patient()) is None
        looks.finds(NOT_YET)
        assert health.wait(patient()) == "no picture within 60 s"
        looks.shows(STARTING)
        assert health.wait(patient()) == "engine.service is activating, expected active within 60 s"

    def test_what_has_ended_is_told_at_once(self, looks: Looks) -> None:
        for statuses in ([UP, UP, CRASHED], [UP._replace(active="failed", sub="failed")], [UP, UP, RESTARTED]):
            looks.shows(*statuses)
            last = statuses[-1]
            assert health.wait(patient()) == f"engine.service ended after its start ({last.active}, {last.sub})"
        looks.shows(UP)
        looks.finds(WORKS, BROKEN)
        assert health.wait(patient()) == "a child died"

    def test_restarts_before_this_start_do_not_count(self, looks: Looks) -> None:
        looks.shows(UP._replace(restarts=12))
        assert health.wait(patient()) is None

    def test_the_settle_time_begins_anew_when_it_was_unhealthy(self, looks: Looks) -> None:
        looks.finds(*[WORKS, WORKS, WORKS, NOT_YET] * 2, WORKS, WORKS, WORKS, BROKEN)
        assert health.wait(patient(settle_time=5)) == "a child died"

    def test_well_at_the_last_moment_it_gets_its_settle_time(self, looks: Looks) -> None:
        looks.finds(*[NOT_YET] * 4, WORKS)
        assert health.wait(patient(start_timeout=6)) is None

    def test_what_could_not_be_seen_is_looked_at_again_and_then_unknown(self, looks: Looks) -> None:
        looks.finds(UNKNOWN, UNKNOWN, WORKS)
        assert health.wait(patient()) is None
        looks.finds(UNKNOWN)
        with pytest.raises(Unknown, match=r"^/proc: no memory within 60 s$"):
            health.wait(patient())

    def test_a_systemd_that_does_not_answer_is_no_fault_of_the_service(self, looks: Looks) -> None:
        looks.shows(UP, UP, Refusal("systemctl show engine.service: Connection reset by peer"), UP)
        assert health.wait(patient()) is None

    def test_no_stick_is_no_fault_of_the_set(self, looks: Looks) -> None:
        looks.finds(NO_STICK)
        assert health.wait(patient()) is None

    def test_a_stick_that_came_back(self, looks: Looks) -> None:
        """What died for want of it is started once more."""
        looks.finds(WORKS, NO_STICK, NO_STICK, DEAD)
        with pytest.raises(health.StickIsBack, match=r"^a child died$"):
            health.wait(patient(settle_time=20))

    def test_one_that_came_back_between_two_looks(self, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
        states = iter([stick.RUNNING, stick.ABSENT, *[stick.RUNNING] * 99])
        monkeypatch.setattr(stick, "state", lambda: next(states))
        looks.finds(WORKS, WORKS, WORKS, DEAD)
        with pytest.raises(health.StickIsBack):
            health.wait(patient(settle_time=20)._replace(work=NOTHING._replace(on_stick=1)))
        states = iter([stick.ABSENT] * 99)
        looks.finds(WORKS, DEAD)
        assert health.wait(patient()) == "a child died"  # it works with none

    def test_one_that_cannot_be_seen(self, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown() -> str:
            raise Unknown("/sys: no memory")

        monkeypatch.setattr(stick, "state", unknown)
        looks.finds(WORKS, DEAD)
        assert health.wait(patient()._replace(work=NOTHING._replace(on_stick=1))) == "a child died"

    def test_what_dies_with_its_stick_there_is_broken(self, looks: Looks) -> None:
        looks.finds(WORKS, DEAD)
        assert health.wait(patient()) == "a child died"
        looks.finds(WORKS, NO_STICK, BROKEN)  # something else
        assert health.wait(patient(settle_time=20)) == "a child died"

    def test_what_may_yet_begin_with_its_stick_is_given_time(self, looks: Looks) -> None:
        late = NOT_YET._replace(on_stick=True)
        looks.finds(NO_STICK, *[late] * 5, WORKS)
        assert health.wait(patient(settle_time=5)) is None
        looks.finds(NO_STICK, late)
        with pytest.raises(health.StickIsBack):
            health.wait(patient())
        looks.finds(*[NOT_YET] * 56, NO_STICK, late)  # and at the start timeout
        with pytest.raises(health.StickIsBack):
            health.wait(patient(start_timeout=60, settle_time=20))

    def test_a_view_has_time_to_load_its_model(self, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
        views = patient(model_wait=20)._replace(work=NOTHING._replace(views=["node P1"]))
        monkeypatch.setattr(work, "has_loaded", lambda _: False)
        looks.finds(*[WORKS._replace(age=each) for each in range(19)], BROKEN)
        assert health.wait(views) == "a child died"
        looks.finds(*[WORKS._replace(age=each) for each in range(19)], WORKS._replace(age=20))
        assert health.wait(views) is None
        monkeypatch.setattr(work, "has_loaded", lambda _: True)
        looks.finds(*[WORKS] * 10, BROKEN)
        assert health.wait(views) is None

    def test_a_file_that_cannot_be_used_any_more(self, looks: Looks, tmp_path: Path) -> None:
        looks.finds(WORKS)
        wanted = patient()._replace(named_files=[Named(tmp_path / "absent", "ab", linked=False)])
        assert health.wait(wanted) == f"{tmp_path}/absent: missing; run deploys/models.py"

    def test_a_health_check_looks_only_at_what_it_names(self, looks: Looks, tmp_path: Path) -> None:
        named = [Named(tmp_path / "absent", "ab", linked=False)]
        for checks, said in (([], None), (["restarts"], "ended after"), (["files"], "absent: missing")):
            looks.shows(UP, UP._replace(restarts=1))
            found = health.wait(patient(checks=checks)._replace(named_files=named))
            assert (found is None) if said is None else (said in (found or ""))


@pytest.mark.usefixtures("seconds")
class TestWaitThrough:
    """A stick that is absent for some seconds after a restart."""

    @pytest.fixture
    def done(self, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What is done with the service."""
        del looks
        done: list[str] = []
        monkeypatch.setattr(services, "start", lambda unit, limit: done.append(f"start {unit} in {limit} s"))
        return done

    def wait(self, done: list[str], **health_check: object) -> str | None:
        return health.wait_through(patient(**health_check), lambda: done.append("stop"))

    def test_it_is_started_anew_once_and_waited_for(self, looks: Looks, done: list[str]) -> None:
        looks.finds(NO_STICK, DEAD, NOT_YET, WORKS)
        assert self.wait(done) is None
        assert done == ["stop", "start engine.service in 60 s"]

    def test_still_broken_it_is_broken(self, looks: Looks, done: list[str]) -> None:
        looks.finds(NO_STICK, DEAD, NOT_YET, WORKS, DEAD)
        assert self.wait(done) == "a child died"
        looks.finds(NO_STICK, DEAD, NO_STICK, DEAD)  # a stick that comes and goes
        assert self.wait(done) == "a child died"
        assert done == ["stop", "start engine.service in 60 s"] * 2

    def test_the_limits_are_those_of_each_start(self, looks: Looks, done: list[str]) -> None:
        looks.finds(*[NOT_YET] * 50, NO_STICK, DEAD, *[NOT_YET] * 50, WORKS)
        assert self.wait(done) is None
        looks.finds(NO_STICK, DEAD, NOT_YET)
        assert self.wait(done) == "no picture within 60 s"

    def test_its_restarts_before_do_not_count(self, looks: Looks, done: list[str]) -> None:
        looks.shows(UP, UP, UP, RESTARTED)
        looks.finds(NO_STICK, DEAD, WORKS)
        assert self.wait(done) is None

    def test_whatever_else_is_wrong_is_told_as_before(self, looks: Looks, done: list[str]) -> None:
        for look, said in ((WORKS, None), (BROKEN, "a child died"), (NO_STICK, None)):
            looks.finds(look)
            assert self.wait(done) == said
        assert done == []

    def test_a_start_that_is_refused(self, looks: Looks, done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise Refusal("systemctl start engine.service: no")

        monkeypatch.setattr(services, "start", refuse)
        looks.finds(NO_STICK, DEAD)
        assert self.wait(done) == "systemctl start engine.service: no"


class TestJudge:
    """At any time, for a settled run, status and the console."""

    OLD, YOUNG = 100.0, 2.0  # seconds, with a start timeout of 60

    def judge(self, digest: str) -> health.Health:
        return health.judge(service_set(digest), services.status("engine.service"))

    @pytest.mark.parametrize(
        ("found", "verdict", "may_restart"),
        [
            (WORKS, "healthy", False),
            (BROKEN._replace(age=OLD), "unhealthy", True),
            (BROKEN._replace(age=YOUNG), "unhealthy", False),
            (NOT_YET._replace(age=OLD), "unhealthy", True),
            (NOT_YET._replace(age=YOUNG), "starting", False),
            (UNKNOWN, "unknown", False),
            (NO_STICK._replace(age=OLD), "no stick", False),
        ],
    )
    @pytest.mark.usefixtures("seconds", "place")
    def test_its_verdict(self, looks: Looks, found: Look, verdict: str, may_restart: bool) -> None:
        looks.finds(found)
        how = self.judge("d")
        assert (how.verdict, how.may_restart) == (verdict, may_restart)
        assert str(how).startswith(f"{verdict}: {found.reason}")

    @pytest.mark.usefixtures("seconds")
    def test_one_that_has_just_started_is_given_some_seconds(self, looks: Looks) -> None:
        looks.finds(*[NOT_YET._replace(age=self.YOUNG)] * 5, WORKS)
        assert self.judge("d").verdict == "healthy"

    @pytest.mark.usefixtures("seconds")
    def test_one_that_starts_over_and_over_is_not_starting(self, looks: Looks) -> None:
        looks.shows(CRASHED._replace(restarts=3))
        assert self.judge("d").verdict == "unhealthy"

    def test_one_that_is_down(self, looks: Looks) -> None:
        looks.shows(UP._replace(active="inactive"))
        assert str(self.judge("d")) == "unhealthy: engine.service is inactive, expected active"

    @pytest.mark.usefixtures("seconds")
    def test_it_is_started_anew_once_for_each_set_and_boot(self, looks: Looks, place: Place) -> None:
        looks.finds(BROKEN._replace(age=self.OLD))
        health.note_restart(service_set("d"))
        assert not self.judge("d").may_restart
        assert self.judge("e").may_restart
        layout.restarted("engine").unlink()  # as a boot leaves it
        assert self.judge("d").may_restart
        del place
