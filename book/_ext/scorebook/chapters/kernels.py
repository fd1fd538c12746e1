"""Chapters executed side by side, each in a kernel of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from scorebook.chapters.borrowed import code_cells
from scorebook.chapters.chapter import Chapter
from scorebook.chapters.dependencies import RECORDER, Dependencies, recorder
from scorebook.chapters.store import Execution

Report = Callable[[Chapter, Execution], None]


def execute(chapters: list[Chapter], *, root: Path, timeout: int, done: Report) -> dict[str, str]:
    """Execute `chapters`, as many at once as there are cores.

    Args:
        chapters: What to execute, each with cells of its own, which are filled in place.
        root: Goes first on the kernels' import path, so that the code that the key of a chapter
            was computed from is the code that runs.
        timeout: Seconds that one cell may take.
        done: Called with each chapter and its execution as soon as that ends without an error.

    Returns:
        The traceback of each chapter that failed, by name.
    """
    failures: dict[str, str] = {}
    _prepare_fonts()

    async def one(chapter: Chapter, slot: asyncio.Semaphore, folder: Path) -> None:
        async with slot:
            start = time.perf_counter()
            record = Path(tempfile.mkdtemp(dir=folder))
            notebook = chapter.executable
            kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
            client = NotebookClient(
                notebook,
                config=_connection(record / "socket"),
                kernel_name=kernel,
                timeout=timeout,
                resources={"metadata": {"path": str(chapter.path.parent)}},
                record_timing=False,
            )
            try:
                await client.async_execute(env=_environment(root, folder, record))
            except NoSuchKernel:
                failures[chapter.name] = (
                    f"the kernel {kernel!r}, which it asks for (kernelspec), is not installed"
                )
                return
            except (CellControlSignal, DeadKernelError, RuntimeError, OSError) as error:
                failures[chapter.name] = _plain(str(error))
                return
            seconds = time.perf_counter() - start
            try:
                done(chapter, _execution(notebook, seconds, Dependencies.recorded(record)))
            except (OSError, ValueError) as error:
                failures[chapter.name] = f"its outputs cannot be kept: {error}"

    async def all_of_them() -> None:
        slot = asyncio.Semaphore(_cores())
        with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
            async with asyncio.TaskGroup() as group:
                for chapter in chapters:
                    group.create_task(one(chapter, slot, Path(folder)))

    _run_in_thread(all_of_them())
    return failures


def _run_in_thread(coroutine: Coroutine[None, None, None]) -> None:
    """Run `coroutine` so that Ctrl-C stops it and its kernels.

    nbclient takes over the signals of the main thread; in another thread it leaves them alone.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(coroutine)
    try:
        with ThreadPoolExecutor(max_workers=1) as thread:
            running = thread.submit(loop.run_until_complete, task)
            try:
                running.result()
            except BaseException:
                loop.call_soon_threadsafe(task.cancel)
                raise
    finally:
        loop.close()


def _connection(sockets: Path) -> Config:
    """Talk to a kernel through sockets of its own: over TCP it warns that others may listen."""
    local = {"transport": "ipc", "ip": str(sockets)}
    return Config(ConnectionFileMixin={} if os.name == "nt" else local)


def _environment(root: Path, profile: Path, record: Path) -> dict[str, str]:
    """What a kernel's process sees.

    Threads are limited to one: two kernels with as many threads as cores each get in each other's
    way and are ten times slower. The hash seed is fixed, since the order of sets shows in sympy's
    results. The user's own IPython start-up files stay out. What it reads is noted in `record`.
    """
    paths = [str(RECORDER), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(paths),
        "IPYTHONDIR": str(profile),
        recorder.ROOT: str(root),
        recorder.RECORD: str(record),
    }


def _prepare_fonts() -> None:
    """Let matplotlib list the fonts of this machine.

    On its first import it takes a while and says so on stderr, which a strict build takes for an
    error of the chapter that happens to come first.
    """
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, capture_output=True, check=False)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _execution(notebook: NotebookNode, seconds: float, read: Dependencies) -> Execution:
    return Execution(
        outputs=[[dict(output) for output in cell.outputs] for cell in code_cells(notebook)],
        seconds=seconds,
        finished=time.time(),
        language=dict(notebook.metadata.get("language_info", {})),
        dependencies=read,
    )


def _plain(text: str) -> str:
    """`text` without the escape sequences that colour a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
