"""What was done while the server ran cannot be taken back by whoever owns the database alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from monitors import settings as settings_module
from monitors.access import anchoring, chain
from monitors.store import tables as t
from tests.test_chain import forge, grow, verdict


async def until(done: Callable[[], bool]) -> None:
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def test_an_older_end_put_back_within_the_day_is_found(store, tmp_path):
    settings = settings_module.load(environ={"MONITORS_DATA": str(tmp_path)})
    anchors = tmp_path / chain.ANCHORS
    grow(store, 3)
    chain.anchor(store, settings, anchoring.utc_now())
    with store.read() as connection:
        seq, mac = connection.execute(select(t.audit_head.c.seq, t.audit_head.c.mac)).one()

    async def served():
        task = asyncio.create_task(anchoring.keep(store, settings, every=0.01))
        grow(store, 2)
        await until(lambda: anchors.read_text(encoding="utf-8").count('"seq": 5') == 1)
        task.cancel()

    asyncio.run(served())
    assert verdict(store, anchors).ok
    forge(store, "DELETE FROM audit WHERE seq > :seq", seq=seq)
    forge(store, "UPDATE audit_head SET seq = :seq, mac = :mac", seq=seq, mac=mac)
    assert verdict(store).ok, "in itself it fits"
    found = verdict(store, anchors)
    assert not found.ok
    assert "库外锚点" in found.words


def test_a_folder_that_cannot_be_written_ends_nothing(store, tmp_path, caplog):
    settings = settings_module.load(environ={"MONITORS_DATA": str(tmp_path)})
    (tmp_path / chain.ANCHORS).mkdir()
    grow(store, 1)

    async def served():
        task = asyncio.create_task(anchoring.keep(store, settings, every=0.01))
        await until(lambda: caplog.text.count("could not be written down") >= 2)
        task.cancel()

    asyncio.run(served())
