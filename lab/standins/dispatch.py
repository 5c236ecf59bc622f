"""The sentinel's job thread: gives the queue's jobs to the engines, and dies or hangs as the real one does."""

from __future__ import annotations

import queue
import signal
import time
import uuid
from collections.abc import Iterable
from threading import Event, Thread
from typing import Any

from lab.standins.engines import FORK, Engine
from lab.standins.jobs import Job
from lab.standins.standin import Service

PAUSE = 0.05  # seconds between two looks at the engines
PATIENCE = 5.0  # seconds that STATUS waits for the thread
DRAIN_LIMIT = 60.0


class JobManager:
    """The engines, the jobs that wait, and the thread between them.

    :param config: the sentinel's.
    :param is_later: as from 0.2.6: it survives the loss of an engine, and lets running jobs end.
    :raises RuntimeError: the last engine is ordered not to start; those before it run.
    """

    def __init__(self, service: Service, config: dict[str, Any], is_later: bool) -> None:
        self._service = service
        self._orders = service.orders
        self._is_later = is_later
        self._started = time.monotonic()
        self._draining_since: float | None = None
        self._jobs = [
            Job(str(number), name, task["class"], task["config"], is_submitted=False)
            for number, (name, task) in enumerate(sorted(config["task_list"].items()))
        ]
        self._left_of_start = len(self._jobs)
        self._tasks = config["task_list"]
        self._questions: queue.Queue[queue.Queue[dict[str, Any]]] = queue.Queue()
        self.waiting: list[str] = ["FaceSweep"] * self._orders.get("queued", 0)
        self.engines: dict[str, Engine] = {}
        self._fork_engines(config["task_engines"])
        self._others = [FORK.Process(target=signal.pause) for _ in range(self._orders.get("more_children", 0))]
        for other in self._others:
            other.start()

    def _fork_engines(self, configs: dict[str, Any]) -> None:
        keeps = self._is_later or "deaf" in self._orders
        on_sigterm = signal.SIG_IGN if keeps else signal.SIG_DFL
        orders = dict(self._orders)
        for name, config in configs.items():
            if "status_unanswered" in orders and len(self.engines) == len(configs) - 1:
                raise RuntimeError(f"{name}: no such ring buffers")
            self.engines[name] = Engine(config, orders, on_sigterm)
            orders.pop("engine_dies_after", None)  # the first one's alone

    def start(self) -> None:
        """Begin to give out jobs: first one of each task, which loads what it would need."""
        Thread(target=self._give_out, daemon=True).start()

    def submit(self, task: str) -> str:
        """Put a job into the queue; its number. Nobody looks whether the thread lives."""
        block = self._tasks[task]
        job = Job(uuid.uuid1().hex, block.get("alias", task), block["class"], block["config"], is_submitted=True)
        self._jobs.append(job)
        return job.number

    def status(self) -> dict[str, Any] | None:
        """What STATUS shows from 0.2.6; None when the thread does not answer in time."""
        answer: queue.Queue[dict[str, Any]] = queue.Queue()
        self._questions.put(answer)
        try:
            return answer.get(timeout=PATIENCE)
        except queue.Empty:
            return None

    def drain(self) -> None:
        """Give out no more jobs."""
        self._draining_since = time.monotonic()

    @property
    def is_drained(self) -> bool:
        """Whether it was asked to drain and all that ran has ended, or has had its time."""
        if self._draining_since is None:
            return False
        age = time.monotonic() - self._draining_since
        is_idle = all(engine.job is None for engine in self.engines.values())
        return age >= DRAIN_LIMIT or (is_idle and age >= self._orders.get("drain", 0))

    def queue(self) -> list[str]:
        """The tasks that wait."""
        return [*self.waiting, *(job.task for job in self._jobs)]

    def kill(self) -> None:
        """End all children."""
        for child in [*(engine.process for engine in self.engines.values()), *self._others]:
            child.kill()

    def _give_out(self) -> None:
        while True:
            self._fail_as_ordered()
            for name in self._names():
                engine = self.engines[name]
                if engine.process.is_alive():
                    self._serve(engine)
                else:
                    del self.engines[name]
            while not self._questions.empty():
                self._questions.get().put(self._snapshot())
            time.sleep(PAUSE)

    def _names(self) -> Iterable[str]:
        """To 0.2.5 the dictionary itself is walked, so that the loss of an engine ends the thread."""
        return list(self.engines) if self._is_later else self.engines

    def _fail_as_ordered(self) -> None:
        if time.monotonic() - self._started < self._orders.get("job_thread_dies", float("inf")):
            return
        if self._is_later:
            Event().wait()
        raise RuntimeError("dictionary changed size during iteration")

    def _serve(self, engine: Engine) -> None:
        finished = engine.finished()
        if finished is not None:
            self._note(*finished)
        if engine.job is None and self._draining_since is None:
            job = next((job for job in self._jobs if job.job_class in engine.classes), None)
            if job is not None:
                self._jobs.remove(job)
                engine.give(job)

    def _note(self, job: Job, opened: dict[str, str], fault: str | None) -> None:
        self._service.opened.update(opened)
        if fault is not None:
            self._service.status["errors"][job.task] = fault
        self._left_of_start -= not job.is_submitted
        self._service.status["settled"] = self._left_of_start == 0
        self._service.report()

    def _snapshot(self) -> dict[str, Any]:
        engines = {name: engine.status() for name, engine in self.engines.items()}
        running = sum(engine.job is not None for engine in self.engines.values()) + ("drain" in self._orders)
        return {
            "flag": "HC",
            "component": "sentinel",
            "uptime": str(round(time.monotonic() - self._started)),
            "engines": engines,
            "queue": {"queued": len(self.queue()), "running": running},
            "jobs_completed": sum(engine.done for engine in self.engines.values()),
            "jobs_failed": sum(engine.failed for engine in self.engines.values()),
        }
