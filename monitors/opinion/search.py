"""Full-text search over the items of the reader's scope (舆情检索, 辖区), on both databases, paged in SQL.

Nothing given back depends on an item outside the scope: not the count, not the order, not the lists of sources.
``index_items``, ``unindex_items``, ``ensure`` and ``rebuild`` keep the index (``monitors.store.search_index``) and are
offered here too, since those who write items work with this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Integer,
    Row,
    Select,
    String,
    case,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from monitors.access.scope import Scope, within
from monitors.opinion import search_query
from monitors.opinion.highlight import snippet, spans
from monitors.opinion.search_query import Query
from monitors.regions import divisions
from monitors.store import tables as t
from monitors.store.search_index import Phrase, ensure, index_items, rebuild, unindex_items

__all__ = [
    "CAP", "SORTS", "Filters", "Found", "Hit", "Outlets", "count", "count_demo", "ensure", "hits_of", "index_items",
    "matching_ids", "outlets", "query_terms", "rebuild", "region_condition", "search", "unindex_items",
]  # fmt: skip

CAP = 10_000  # matches beyond are not counted ("10000+") nor ranked: nobody turns to page 201
_BATCH = 500
_MANY = 2000  # matches from which a pass over an index is quicker than looking each of them up

Relevance = Literal["全部", "相关", "不相关"]
Sort = Literal["时间", "匹配"]
SORTS: tuple[Sort, ...] = ("时间", "匹配")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for. Empty means "any". ``since`` ≤ publication < ``until``; ``region`` holds all within it."""

    query: str = ""
    since: datetime | None = None
    until: datetime | None = None
    region: str = ""
    source: str = ""
    group: str = ""
    outlet: str = ""
    relevance: Relevance = "全部"
    levels: tuple[str, ...] = ()
    stance: str = ""
    kind: str = ""
    sort: Sort = "时间"


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found. Spans are offsets (start, end) of what was looked for in ``title`` and ``snippet``.

    All texts are untrusted and unescaped. ``amount_fen`` is 分, ``workers`` persons.
    """

    id: int
    title: str
    title_spans: tuple[tuple[int, int], ...]
    snippet: str
    snippet_spans: tuple[tuple[int, int], ...]
    url: str
    outlet: str
    source_name: str
    published_at: datetime
    published_note: str
    fetched_at: datetime
    region: str
    place: str
    relevant: bool
    level: str | None
    stance: str
    sentiment: float
    kind: str | None
    workers: int | None
    amount_fen: int | None
    employer: str | None
    matched: tuple[str, ...]
    story_id: int | None
    demo: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits. ``total`` counts all matches, up to ``CAP``; ``capped`` says there are more."""

    hits: tuple[Hit, ...]
    total: int
    capped: bool
    page: int
    pages: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlets:
    """What the lists of a search form offer: sources as (id, name) in order of name, and names of outlets."""

    sources: tuple[tuple[str, str], ...]
    outlets: tuple[str, ...]


def search(connection: Connection, scope: Scope, filters: Filters, *, page: int = 1, size: int = 50) -> Found:
    """One page of what matches, newest or best first. Any text typed as query is accepted.

    Sorting by match ranks the newest ``CAP`` matches: a title counts more than its text.
    """
    query = search_query.parse(filters.query)
    if query.hopeless:
        return Found((), 0, capped=False, page=1, pages=1, notes=query.notes)
    total, capped = _count(connection, scope, query, filters)
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    ids = _ids(connection, scope, query, filters, total=total, limit=min(size, CAP), offset=(page - 1) * size)
    hits = _hits(connection, scope, ids, query)
    return Found(hits, total, capped, page, pages, query.notes)


def matching_ids(connection: Connection, scope: Scope, filters: Filters, limit: int) -> list[int]:
    """The ids of all that matches in the chosen order, at most ``limit``; for exports, with ``hits_of``."""
    query = search_query.parse(filters.query)
    if query.hopeless:
        return []
    total, _ = _count(connection, scope, query, filters)
    return _ids(connection, scope, query, filters, total=total, limit=limit, offset=0)


def hits_of(connection: Connection, scope: Scope, ids: Sequence[int], filters: Filters) -> Iterator[Hit]:
    """The items of ``ids`` within the scope, in that order, as hits of ``filters``, read in batches."""
    query = search_query.parse(filters.query)
    for start in range(0, len(ids), _BATCH):
        yield from _hits(connection, scope, ids[start : start + _BATCH], query)


def count_demo(connection: Connection, scope: Scope, ids: Sequence[int]) -> int:
    """How many of these items are demonstration data."""
    item = t.item.c
    return sum(
        connection.scalar(
            select(func.count()).where(
                item.id.in_(ids[start : start + _BATCH]), item.demo.is_(True), scope.items(tested=True)
            )
        )
        or 0
        for start in range(0, len(ids), _BATCH)
    )


def count(connection: Connection, scope: Scope, filters: Filters) -> tuple[int, bool]:
    """How many items match, up to ``CAP``, and whether there are more."""
    query = search_query.parse(filters.query)
    return (0, False) if query.hopeless else _count(connection, scope, query, filters)


def outlets(connection: Connection, scope: Scope) -> Outlets:
    """The sources and outlets to choose from: all for the province, elsewhere those with a report in the scope."""
    source = t.source.c
    query = select(source.id, source.name, source.outlet).order_by(source.name, source.id)
    if not scope.everything:
        query = query.where(source.id.in_(select(t.item.c.source_id).where(scope.items())))
    rows = connection.execute(query).all()
    return Outlets(tuple((row.id, row.name) for row in rows), tuple(sorted({row.outlet for row in rows})))


def region_condition(scope: Scope, region: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """Rows of division ``code``, as a person asked for it; a division apart from the scope finds nothing."""
    apart = not scope.covers(code) and not Scope(code).covers(scope.region)
    return false() if apart else within(region, code)


def query_terms(typed: str) -> tuple[Phrase, ...]:
    """The phrases of a typed query, to highlight elsewhere."""
    return search_query.parse(typed).wanted


# The index is no declared table: its form differs by database (first migration).
_FTS = table("item_fts", column("rowid"), column("item_id"), column("tokens"))


def _text_condition(dialect: str, sqlite_query: str, postgresql_query: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        return literal_column("item_fts", String).op("MATCH", is_comparison=True)(sqlite_query)
    return _FTS.c.tokens.op("@@", is_comparison=True)(cast(postgresql_query, TSQUERY))


def _found_by(query: Query, dialect: str) -> ColumnElement[bool]:
    return _text_condition(dialect, query.fts5(), query.tsquery())


def _joined(dialect: str) -> FromClause:
    key = _FTS.c.rowid if dialect == "sqlite" else _FTS.c.item_id
    return _FTS.join(t.item, t.item.c.id == key)


def _not_excluded(query: Query, dialect: str) -> ColumnElement[bool]:
    """A query of exclusions only: FTS5 cannot say "all but", so the items found are taken away."""
    key = _FTS.c.rowid if dialect == "sqlite" else _FTS.c.item_id
    any_of = " | ".join(p.tsquery() for p in query.excluded)
    return t.item.c.id.not_in(select(key).where(_text_condition(dialect, query.fts5_excluded(), any_of)))


def _conditions(scope: Scope, filters: Filters, *, tested: bool = False) -> list[ColumnElement[bool]]:
    """Scope and filters on ``item``. ``tested``: the scope is tested row by row, another index leads to the rows."""
    item = t.item.c
    found: list[ColumnElement[bool]] = [] if scope.everything else [scope.items(tested=tested)]
    if filters.since:
        found.append(item.published_at >= filters.since)
    if filters.until:
        found.append(item.published_at < filters.until)
    if filters.region:
        found.append(region_condition(scope, item.region, filters.region))
    if filters.group:
        found.append(item.source_id.in_(select(t.source.c.id).where(t.source.c.group_name == filters.group)))
    if filters.relevance != "全部":
        # Wrapped, it leaves the choice of the index to the scope, which leaves fewer rows than "relevant" does.
        held = item.relevant if tested or scope.everything else func.coalesce(item.relevant, false())
        found.append(held.is_(filters.relevance == "相关"))
    if filters.levels:
        found.append(item.level.in_(filters.levels))
    exact = (
        (item.source_id, filters.source),
        (item.outlet, filters.outlet),
        (item.stance, filters.stance),
        (item.kind, filters.kind),
    )
    return found + [held == wanted for held, wanted in exact if wanted]


def _ids_found(query: Query, dialect: str) -> Select[Any]:
    key = _FTS.c.rowid if dialect == "sqlite" else _FTS.c.item_id
    return select(key).where(_found_by(query, dialect))


def _narrow_first(connection: Connection, scope: Scope, query: Query, filters: Filters) -> bool:
    """Whether to go through the rows that scope and filters leave and test each for the words, not the reverse.

    Looking up 25,000 matches one by one takes five times as long as passing once over the part of the index that the
    scope, the period, the region or the relevance leaves; for few matches it is the other way round. PostgreSQL knows
    this by itself, except of the scope.
    """
    narrowed = filters.since or filters.until or filters.region or filters.relevance != "全部"
    if not query.required or (scope.everything and (connection.dialect.name != "sqlite" or not narrowed)):
        return False
    sample = _ids_found(query, connection.dialect.name).limit(_MANY + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(sample)) or 0) > _MANY


def _among_found(query: Query) -> ColumnElement[bool]:
    # The plus keeps SQLite from looking the matches up one by one.
    return literal_column("+item.id", Integer).in_(_ids_found(query, "sqlite"))


def _count(connection: Connection, scope: Scope, query: Query, filters: Filters) -> tuple[int, bool]:
    dialect = connection.dialect.name
    conditions = _conditions(scope, filters)
    one: Select[Any] = select(literal_column("1"))
    if not query.required:
        excluded = [_not_excluded(query, dialect)] if query.excluded else []
        inner = one.select_from(t.item).where(*conditions, *excluded)
    elif not conditions:
        inner = one.select_from(_FTS).where(_found_by(query, dialect))
    elif not (narrow := _narrow_first(connection, scope, query, filters)) or dialect != "sqlite":
        conditions = _conditions(scope, filters, tested=not narrow)
        inner = one.select_from(_joined(dialect)).where(_found_by(query, dialect), *conditions)
    else:
        inner = one.select_from(t.item).where(*conditions, _among_found(query))
    found = connection.scalar(select(func.count()).select_from(inner.limit(CAP + 1).subquery())) or 0
    return min(found, CAP), found > CAP


def _ids(
    connection: Connection, scope: Scope, query: Query, filters: Filters, *, total: int, limit: int, offset: int
) -> list[int]:
    """Ids in the chosen order. ``total``: how many match, up to ``CAP``; of many the newest are met early by time."""
    dialect = connection.dialect.name
    if query.required and filters.sort == "匹配":
        return _best(connection, scope, query, filters, limit=limit, offset=offset)
    narrow = _narrow_first(connection, scope, query, filters)
    conditions = _conditions(scope, filters, tested=total > _MANY)
    source: FromClause = t.item
    if not query.required:
        if query.excluded:
            conditions.append(_not_excluded(query, dialect))
    elif dialect == "sqlite" and (total == CAP or narrow):
        conditions.append(_among_found(query))
    else:
        source = _joined(dialect)
        found = _conditions(scope, filters, tested=not narrow or total > _MANY)
        conditions = [_found_by(query, dialect), *found]
    newest = (t.item.c.published_at.desc(), t.item.c.id.desc())
    statement = select(t.item.c.id).select_from(source).where(*conditions).order_by(*newest)
    return list(connection.scalars(statement.limit(limit).offset(offset)))


def _places_found(query: Query) -> ColumnElement[int]:
    """Ten for each phrase that stands in an item's title, one for each that stands anywhere.

    Not ``bm25``, which weighs a word by how rare it is in all reports of the province: a county's order would tell
    what is reported elsewhere.
    """

    def holds(expression: str) -> ColumnElement[bool]:
        return t.item.c.id.in_(select(_FTS.c.rowid).where(_text_condition("sqlite", expression, "")))

    phrases = [wanted.fts5() for wanted in query.wanted]
    titles = [case((holds(f"title : ({phrase})"), 10), else_=0) for phrase in phrases]
    anywhere = [case((holds(phrase), 1), else_=0) for phrase in phrases]
    return reduce(add, titles + anywhere)


def _best(
    connection: Connection, scope: Scope, query: Query, filters: Filters, *, limit: int, offset: int
) -> list[int]:
    """Best match first among the newest ``CAP`` that match; items of equal worth newest first."""
    dialect = connection.dialect.name
    narrow = dialect == "sqlite" and not scope.everything
    conditions = _conditions(scope, filters)
    source, found = (_joined(dialect) if conditions else _FTS), _found_by(query, dialect)
    key: ColumnElement[int]
    rank: ColumnElement[Any]  # smaller is better
    if narrow:
        source, found, key, rank = t.item, _among_found(query), t.item.c.id, -_places_found(query)
    elif dialect == "sqlite":
        key, rank = _FTS.c.rowid, literal_column("bm25(item_fts, 10.0, 1.0)", Float)
    else:
        weights = literal_column("CAST('{0.1, 0.1, 0.1, 1.0}' AS real[])", String)
        key, rank = _FTS.c.item_id, -func.ts_rank(weights, _FTS.c.tokens, cast(query.tsquery(), TSQUERY))
    # Ordered by the index's own key, which FTS5 gives without sorting.
    ranked = (
        select(key.label("id"), rank.label("rank"))
        .select_from(source)
        .where(found, *conditions)
        .order_by(key.desc())
        .limit(CAP)
        .subquery()
    )
    statement = select(ranked.c.id).order_by(ranked.c.rank, ranked.c.id.desc())
    return list(connection.scalars(statement.limit(limit).offset(offset)))


def _hits(connection: Connection, scope: Scope, ids: Sequence[int], query: Query) -> tuple[Hit, ...]:
    rows = connection.execute(
        select(t.item, t.source.c.name.label("source_name"))
        .join(t.source, t.source.c.id == t.item.c.source_id)
        .where(t.item.c.id.in_(ids), scope.items(tested=True))
    )
    by_id = {row.id: row for row in rows}
    return tuple(_hit(by_id[item_id], query.wanted) for item_id in ids if item_id in by_id)


def _hit(row: Row[Any], wanted: tuple[Phrase, ...]) -> Hit:
    extract, extract_spans = snippet(row.text, wanted)
    return Hit(
        id=row.id,
        title=row.title,
        title_spans=spans(row.title, wanted),
        snippet=extract,
        snippet_spans=extract_spans,
        url=row.url,
        outlet=row.outlet,
        source_name=row.source_name,
        published_at=row.published_at,
        published_note=row.published_note,
        fetched_at=row.fetched_at,
        region=row.region,
        place=divisions.full_name(row.region),
        relevant=row.relevant,
        level=row.level,
        stance=row.stance,
        sentiment=row.sentiment,
        kind=row.kind,
        workers=row.workers,
        amount_fen=row.amount_fen,
        employer=row.employer,
        matched=tuple(row.judgement.get("matched", ())),
        story_id=row.story_id,
        demo=row.demo,
    )
