"""The sentinel's task engines: a child process each, which does one job after the other."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from lab.standins import behaviour, jobs
from lab.standins.behaviour import Orders
from lab.standins.jobs import Job

FAIL_LIMIT = 3
FORK = multiprocessing.get_context("fork")


class Engine:
    """One task engine, which has reported for duty; it has read no model yet.

    :param config: its block of the sentinel's config.
    :param on_sigterm: what its process does on SIGTERM.
    """

    def __init__(self, config: dict[str, Any], orders: Orders, on_sigterm: signal.Handlers) -> None:
        self.accelerator: str = config["accelerator"]
        self.classes: list[int] = config["classes"]
        self.job: Job | None = None
        self.done = 0
        self.failed = 0
        self.wire, theirs = multiprocessing.Pipe()
        self.process = FORK.Process(target=_work, args=(theirs, _runner(self.accelerator, orders), on_sigterm))
        self.process.start()
        theirs.close()
        self.wire.recv()
        if "engine_dies_after" in orders:
            behaviour.later(orders["engine_dies_after"], self.process.kill)

    def give(self, job: Job) -> None:
        """Let it do a job."""
        self.job = job
        self.wire.send(job)

    def finished(self) -> tuple[Job, dict[str, str], str | None] | None:
        """The job that it has just done, the digests of what that read, and why it failed; None while there is none."""
        try:
            if self.job is None or not self.wire.poll():
                return None
            opened, fault = self.wire.recv()
        except (EOFError, OSError):
            return None  # it has died of that job
        job, self.job = self.job, None
        self.done += fault is None
        self.failed += fault is not None
        return job, opened, fault

    def status(self) -> dict[str, Any]:
        """What STATUS shows of it from 0.2.6."""
        return {
            "alive": self.process.is_alive(),
            "accelerator": self.accelerator,
            "status": "running" if self.job else "idle",
            "job_count": self.done + self.failed,
            "current_task": self.job.task if self.job else None,
            "recent_completed": self.done,
            "recent_failed": self.failed,
        }


def _runner(accelerator: str, orders: Orders) -> Callable[[Job], dict[str, str]]:
    """How an engine runs its jobs."""

    def run(job: Job) -> dict[str, str]:
        if "stick_absent" in orders and accelerator != "cpu":
            raise OSError("Failed to load delegate from libedgetpu.so.1")
        return jobs.run(job, orders, accelerator)

    return run


def _work(wire: Connection, run: Callable[[Job], dict[str, str]], on_sigterm: signal.Handlers) -> None:
    """Be an engine's process. Too many jobs that fail in a row end it, without a word."""
    signal.signal(signal.SIGTERM, on_sigterm)
    wire.send(os.getpid())
    failures = 0
    while failures < FAIL_LIMIT:
        try:
            job = wire.recv()
        except EOFError:  # the sentinel was killed
            return
        try:
            opened, fault = run(job), None
        except Exception as error:
            opened, fault = {}, f"{type(error).__name__}: {error}"
        failures = failures + 1 if fault else 0
        wire.send((opened, fault))
