"""What is needed next is prepared by a thread while the present is worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Prepared = TypeVar("Prepared")


def ahead(prepare: Callable[[Task], Prepared], tasks: Iterable[Task]) -> Iterator[Prepared]:
    """Yield what `prepare` makes of each task, in order; each is begun before the one before it is handed out.

    Args:
        prepare: draws no random numbers, for its thread's draws would fall between the caller's.
        tasks: what to prepare.

    Raises:
        Exception: what `prepare` raises, when its turn comes.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        pending: Future[Prepared] | None = None
        for task in tasks:
            following = thread.submit(prepare, task)
            if pending is not None:
                yield pending.result()
            pending = following
        if pending is not None:
            yield pending.result()
