"""Opening the house (启动准备): the database at the present schema, the catalogue in it, the search index whole."""

from __future__ import annotations

from datetime import datetime

from monitors.access import chain, keys
from monitors.opinion.sources import sync_catalogue
from monitors.settings import Settings
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.search_index import ensure
from monitors.store.turns import Turn, take


def open_store(settings: Settings) -> Store:
    """The store of these settings at the present schema; for commands that only read and write records.

    Raises:
        StoreError: the database is missing its server, damaged, or newer than this release; or the key outside it is
            missing or another one.
    """
    store = Store(settings.database_url)
    upgrade(store)
    keys.settle(store)
    return store


def prepare(store: Store, settings: Settings, now: datetime) -> None:
    """What the server and the watch do before they start: bring config.toml's sources in, complete the index.

    The trail's newest digest is written down outside the database too (``monitors.access.chain``).
    """
    with store.write() as connection:
        take(connection, Turn.CATALOGUE)
        sync_catalogue(connection, [entry.source() for entry in settings.sources], now)
    ensure(store)
    chain.anchor(store, settings, now)
