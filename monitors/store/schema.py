"""Bringing a database to the present schema, on either dialect, by Alembic migrations that can be run again."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitors.errors import StoreError
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def head() -> str:
    """The revision this release expects."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise StoreError("程序缺少数据库迁移文件，请重新安装")
    return revision


def present(store: Store) -> str | None:
    """The revision of the database, or None where it is new."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(store: Store) -> None:
    """Create or upgrade the tables in one transaction; two processes starting together do it once.

    Raises:
        StoreError: the database is newer than this release.
    """
    wanted, found = head(), present(store)
    if found == wanted:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(f"数据库版本 {found} 比本程序新，请先升级程序")
    with store.write() as connection:
        take(connection, Turn.SCHEMA)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
