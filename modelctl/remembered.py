"""What is found out once in a run, and then remembered."""

import threading
from collections.abc import Callable, Hashable
from functools import cache, cached_property
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class remembered(Generic[Answer]):  # noqa: N801 - a decorator, as functools.cache is one
    """As functools.cache, with which each of the hosts side by side would ask, as long as none has the answer."""

    def __init__(self, function: Callable[..., Answer]) -> None:
        self._function = cache(function)
        self.__wrapped__ = function
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Hashable) -> Answer:
        with self._asking:
            return self._function(*arguments)

    @cached_property
    def _asking(self) -> "threading.Lock":
        """Made when it is needed: by then pyinfra has put in its own kind, which lets other hosts go on meanwhile."""
        return threading.Lock()

    def cache_clear(self) -> None:
        """Forget all."""
        self._function.cache_clear()
