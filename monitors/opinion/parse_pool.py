"""Parsing in children that can be killed: a hostile body costs its own time and memory limit, never the watch.

Each worker thread drives one child process over pipes; a timer kills the child when a body takes too long, and the next
task starts a fresh one. Threads rather than an event loop's subprocesses, so that one pool serves any loop, page or
command. A generic process pool was not taken: this one kills at the limit without a grace period, answers in JSON
instead of pickles, and its children never import the parent's main module.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from monitors import settings
from monitors.child import read_header
from monitors.errors import ParseError
from monitors.opinion.articles import Article
from monitors.opinion.model import Parsed, Recipe, SourceKind
from monitors.opinion.parse_child import article_from, parsed_from, write_frame

_START_SECONDS = 30.0  # a child that has not answered by then never will; a busy machine needs 1 s
_NO_RECIPE = Recipe()
_Answer = TypeVar("_Answer")


class ParserPool:
    """``limits.workers`` children, started when first needed. Safe to share between threads and event loops."""

    def __init__(self, limits: settings.Parse) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.workers, thread_name_prefix="parse")
        self._children: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._all = [_Child(limits) for _ in range(limits.workers)]
        for child in self._all:
            self._children.put(child)

    async def parse(
        self,
        body: bytes,
        *,
        kind: SourceKind,
        url: str = "",
        content_type: str = "",
        recipe: Recipe = _NO_RECIPE,
        now: datetime,
    ) -> Parsed:
        """Like ``monitors.opinion.parse.parse``, within ``limits.seconds`` and ``limits.memory_mb``.

        Raises ParseError, also where the child had to be killed or died; the pool goes on.
        """
        task = self._task("parse", url, content_type, now) | {"kind": kind, "recipe": asdict(recipe)}
        return await self._in_thread(task, body, "parsed", parsed_from)

    async def article(self, body: bytes, *, url: str, content_type: str = "", now: datetime) -> Article:
        """Like ``monitors.opinion.articles.read_article``, within the same limits. Raises ParseError."""
        return await self._in_thread(self._task("article", url, content_type, now), body, "article", article_from)

    def close(self) -> None:
        """End all children now, busy ones included. The pool cannot be used again."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._all:
            child.retire()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _task(self, task: str, url: str, content_type: str, now: datetime) -> dict[str, Any]:
        return {
            "task": task,
            "url": url,
            "content_type": content_type,
            "now": now.isoformat(),
            "limits": self._limits.model_dump(),
        }

    async def _in_thread(
        self, task: dict[str, Any], body: bytes, key: str, read: Callable[[dict[str, Any]], _Answer]
    ) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, task, body, key, read)

    def _run(self, task: dict[str, Any], body: bytes, key: str, read: Callable[[dict[str, Any]], _Answer]) -> _Answer:
        child = self._children.get()
        try:
            answer = child.ask(task, body)
        finally:
            self._children.put(child)
        if "error" in answer:
            raise ParseError(str(answer["error"]))
        try:
            return read(answer[key])
        except (KeyError, TypeError, ValueError) as error:
            raise ParseError("解析进程答非所问，本次结果作废") from error


class _Child:
    """One child process and its pipes; used by one thread at a time. Starts on demand, again after each death."""

    def __init__(self, limits: settings.Parse) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._retired = False
        self._lock = threading.Lock()  # between the thread that starts a process and the one that retires the child

    def ask(self, task: dict[str, Any], body: bytes) -> dict[str, Any]:
        """The child's answer. Raises ParseError where it took too long, too much, or died."""
        process = self._running()
        overdue = threading.Event()
        answer = self._exchange(process, overdue, self._limits.seconds, {**task, "size": len(body)}, body)
        if answer is None:
            self._end(process)
            if overdue.is_set():
                raise ParseError(f"内容可疑：{self._limits.seconds:g} 秒内没有解析完，已中止")
            raise ParseError("解析进程意外退出（可能是内存超限），已重启")
        if answer.get("last"):
            self._end(process)
        return answer

    def retire(self) -> None:
        """Kill the process, for good."""
        with self._lock:
            self._retired = True
            process = self._process
        if process is not None:
            self._end(process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            self._end(self._process)
        with self._lock:
            if self._retired:
                raise ParseError("解析服务已停止")
            command = [sys.executable, "-m", "monitors.opinion.parse_child"]
            process = self._process = subprocess.Popen(  # noqa: S603 - our own module, numbers for arguments
                [*command, str(os.getpid()), str(self._limits.memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=settings.ROOT,
                env={**os.environ, "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"},
            )
        if self._exchange(process, threading.Event(), _START_SECONDS) is None:
            self._end(process)
            raise ParseError("解析进程无法启动，请检查内存上限（parse.memory_mb）")
        return process

    @staticmethod
    def _exchange(
        process: subprocess.Popen[bytes],
        overdue: threading.Event,
        seconds: float,
        task: dict[str, Any] | None = None,
        body: bytes = b"",
    ) -> dict[str, Any] | None:
        """Send a task if there is one, read one answer; None where the process ended or was killed for its time."""

        def too_late() -> None:
            overdue.set()
            process.kill()

        if process.stdin is None or process.stdout is None:  # unreachable: both are pipes
            return None
        timer = threading.Timer(seconds, too_late)
        timer.daemon = True
        timer.start()
        try:
            if task is not None:
                write_frame(process.stdin, task, body)  # type: ignore[arg-type] # IO[bytes] is what a pipe is
            return read_header(process.stdout)  # type: ignore[arg-type]
        except (OSError, ValueError):  # the pipe broke, or what came was no message
            return None
        finally:
            timer.cancel()

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
