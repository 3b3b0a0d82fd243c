"""What people at work notice of sixty wrong sign-ins at once: the page's answer and a tick of it, with and without.

Run: ./run bench sign_in_flood. A server of its own on loopback; nothing of the project's data is touched.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import multiprocessing
import os
import queue
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from monitors import settings as settings_module
from monitors.access import accounts, sessions
from monitors.access.roles import Role
from monitors.store.engine import Store
from monitors.store.schema import upgrade

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 60
ROUNDS = 40
PAUSE = 0.5  # seconds between one client's tries: who is turned away does not come back in the same instant
KEY = base64.b64encode(b"benchmark only".ljust(32, b".")).decode()


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The whole product without sources and without the watch."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8").partition("# ── Sources")[0]
    config = folder / "config.toml"
    config.write_text(re.sub(r"(?m)^embedded = true", "embedded = false", text), encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environ |= {"MONITORS_CONFIG": str(config), "MONITORS_DATA": str(folder), "MONITORS_KEY": KEY}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sign_in(folder: Path) -> str:
    """A sign-in of one duty officer; returns the token."""
    store = Store(f"sqlite:///{folder / 'monitors.db'}")
    upgrade(store)
    now = datetime.now(UTC)
    with store.write() as connection:
        number = accounts.create(
            connection, name="zhiban", display="值班员", role=Role.DUTY_OFFICER, region="530000",
            password=None, must_change=False, now=now,
        )  # fmt: skip
        account, settings = accounts.get(connection, number), settings_module.load(environ={})
        token = sessions.mint(connection, account, settings=settings, now=now, address="127.0.0.1", agent="benchmark")
    store.close()
    return token


def tick(tab: ClientConnection) -> None:
    """Run the page once, as a click does."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    tab.send(message.SerializeToString())
    while ForwardMsg.FromString(tab.recv(timeout=60)).WhichOneof("type") != "script_finished":
        pass


def measure(url: str, token: str, tab: ClientConnection) -> tuple[list[float], list[float]]:
    """Seconds for the page's document and for one run of it, ``ROUNDS`` times."""
    documents, runs = [], []
    with httpx.Client(headers={"Cookie": f"{sessions.COOKIE}={token}", "Accept": "text/html"}) as client:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            assert client.get(url, timeout=60).status_code == 200
            documents.append(time.perf_counter() - began)
            began = time.perf_counter()
            tick(tab)
            runs.append(time.perf_counter() - began)
    return documents, runs


def flood(url: str, stop: Event, answers: Queue[tuple[int, float]]) -> None:
    """Wrong sign-ins, ``AT_ONCE`` at any moment, each from an address of its own, until told to stop."""

    def guess(first: int) -> None:
        number = first
        with httpx.Client(headers={"Origin": url}, timeout=120) as client:
            while not stop.is_set():
                began = time.perf_counter()
                sent = {"X-Forwarded-For": f"10.{number // 60_000}.{number // 250 % 240}.{number % 250}"}
                answer = client.post(url + "/login", data={"name": f"g{number}", "password": "wrong"}, headers=sent)
                answers.put((answer.status_code, time.perf_counter() - began))
                number += AT_ONCE
                time.sleep(PAUSE)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as many:
        for one in [many.submit(guess, number) for number in range(AT_ONCE)]:
            one.result()


def say(title: str, quiet: list[float], flooded: list[float]) -> None:
    """One line: medians, worst waits, and the ratio of the medians."""
    halves = statistics.median(quiet), statistics.median(flooded)
    print(
        f"{title}: quiet {halves[0] * 1000:.0f} ms (worst {max(quiet) * 1000:.0f}), "
        f"flooded {halves[1] * 1000:.0f} ms (worst {max(flooded) * 1000:.0f}), ratio {halves[1] / halves[0]:.1f}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as place, socket.socket() as free:
        folder = Path(place)
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
        free.close()
        token, url = sign_in(folder), f"http://127.0.0.1:{port}"
        server = serve(folder, port)
        try:
            for _ in range(400):
                try:
                    httpx.get(url + "/_stcore/health").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            papers = {"Cookie": f"{sessions.COOKIE}={token}"}
            tab = connect(
                f"ws://127.0.0.1:{port}/_stcore/stream", origin=url, subprotocols=["streamlit"],
                additional_headers=papers, max_size=None, legacy=True,
            )  # fmt: skip
            tick(tab)
            quiet = measure(url, token, tab)
            stop, answered = multiprocessing.Event(), multiprocessing.Queue()
            # A process of its own: the clients' work must not be taken for the server's.
            crowd = multiprocessing.Process(target=flood, args=(url, stop, answered))
            crowd.start()
            answers = [answered.get(timeout=60)]
            flooded = measure(url, token, tab)
            stop.set()
            while crowd.is_alive() or not answered.empty():
                with contextlib.suppress(queue.Empty):
                    answers.append(answered.get(timeout=0.2))
            crowd.join()
            tab.close()
            say("page's document", quiet[0], flooded[0])
            say("one run of the page", quiet[1], flooded[1])
            tried = sum(status == 401 for status, _seconds in answers)
            slowest = max(seconds for _status, seconds in answers)
            print(
                f"{len(answers)} wrong sign-ins, {AT_ONCE} at once: {tried} tried, {len(answers) - tried} turned away,"
            )
            print(f"slowest answer {slowest:.1f} s")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
