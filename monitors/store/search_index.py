"""The full-text index: overlapping character pairs, so that two-character Chinese words are found, on both databases.

A text becomes its pairs plus the last character of each run, e.g. ``农民工`` → ``农民 民工 工``; Latin words, numbers
stay whole. A query of one character is a prefix search, a longer one a phrase of pairs: because the last character of
a run stands alone in the index, such a phrase is found exactly where its characters stand side by side. SQLite keeps
the tokens in a contentless FTS5 table, PostgreSQL in a ``tsvector``; both are given the same tokens.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import opencc
from sqlalchemy import Connection, func, select, text

from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

_CODE_POINTS = 0x110000
# Simplified text knows these characters as words of their own; the one-to-one table must not touch them.
_KEPT = frozenset("乾著")
_IDEOGRAPHS = (
    r"々〆〇\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff"
)
_PIECE = re.compile(
    rf"(?P<run>[{_IDEOGRAPHS}]+)"
    r"|(?P<word>[0-9a-z\u00df-\u00f6\u00f8-\u024f\u0370-\u1fff]+)"
    # An emoji can stand for a word (欠💰). FTS5's tokenizer would drop it, so it becomes a word spelt by its number.
    r"|(?P<symbol>[\u2600-\u27bf\U00010000-\U0010ffff])"
)
_WORD_CHARS = 64  # of a hostile endless word no more is compared, neither in the index nor in a query
# PostgreSQL keeps positions up to 16,383 and 256 per lexeme. Beyond, counting starts again: two characters that many
# characters apart could then look adjacent, which no real text has shown.
_POSITIONS = 16_000
_POSITIONS_PER_LEXEME = 255
_META_KEY = "search_index"
_BATCH = 500
_Thing = TypeVar("_Thing")


@lru_cache(maxsize=1)
def _fold_table() -> npt.NDArray[np.uint32]:
    table = np.arange(_CODE_POINTS, dtype=np.uint32)
    for code in (*range(0x20, 0x3400), *range(0xF900, 0x10000)):
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(folded) == 1:
            table[code] = ord(folded)
    ideographs = [chr(code) for code in range(0x3400, 0xA000)]
    simplified = opencc.OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    for before, after in zip(ideographs, simplified, strict=True):
        if len(after) == 1 and before not in _KEPT:
            table[ord(before)] = ord(after)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Names the way tokens are made here; an index made another way has to be made anew (see ``ensure``)."""
    digest = hashlib.sha256(_fold_table().tobytes())
    digest.update(_PIECE.pattern.encode())
    return f"1-{digest.hexdigest()[:16]}"


def fold(original: str) -> str:
    """Half-width, simplified, lower-case; always of the same length, so that a hit can be shown in the original."""
    codes = np.frombuffer(original.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _fold_table()[codes].tobytes().decode("utf-32-le", "surrogatepass")


def tokens(original: str) -> str:
    """The tokens of a text, parted by blanks, in order."""
    return " ".join(_tokens(original))


def _tokens(original: str) -> list[str]:
    found: list[str] = []
    for match in _PIECE.finditer(fold(original)):
        found.extend(_of_piece(match))
    return found


def _of_piece(match: re.Match[str]) -> list[str]:
    piece = match.group()
    if match.lastgroup == "run":
        # The slice at the last character is that character alone.
        return [piece[i : i + 2] for i in range(len(piece))]
    if match.lastgroup == "word":
        return [piece[:_WORD_CHARS]]
    return [f"u{ord(piece):x}"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must stand side by side; ``open_end``: the last one may be the beginning of a longer token.

    ``parts`` are the folded pieces of the text behind it, for showing where it was found.
    """

    tokens: tuple[str, ...]
    open_end: bool
    parts: tuple[str, ...]

    def fts5(self) -> str:
        """As an FTS5 expression. Tokens hold neither quotes nor operators, so nothing needs escaping."""
        return f'"{" ".join(self.tokens)}"' + (" *" if self.open_end else "")

    def tsquery(self) -> str:
        """As an expression of PostgreSQL's ``tsquery``."""
        quoted = [f"'{token}'" for token in self.tokens]
        return "(" + " <-> ".join(quoted) + (":*" if self.open_end else "") + ")"


def phrase(original: str, *, whole_words: bool = False) -> Phrase | None:
    """What to look for to find ``original`` in a text; None where it holds nothing that could be found.

    A Latin word at the end may go on (``repor`` finds ``reports``) unless ``whole_words``; a number never does.
    """
    matches = list(_PIECE.finditer(fold(original)))
    if not matches:
        return None
    wanted = [token for match in matches[:-1] for token in _of_piece(match)]
    last = matches[-1]
    final = _of_piece(last)
    open_end = False
    if last.lastgroup == "run":
        # The run may go on in the text, so its last character is not required to end it.
        open_end = len(final) == 1
        wanted += final if open_end else final[:-1]
    else:
        open_end = last.lastgroup == "word" and final[0].isalpha() and not whole_words
        wanted += final
    return Phrase(tuple(wanted), open_end, tuple(match.group() for match in matches))


def index_items(connection: Connection, rows: Iterable[tuple[int, str, str]]) -> int:
    """Add items, as (id, title, text), to the index; those already there are left alone. Returns how many were added.

    An item whose title or text changes must be taken out with ``unindex_items`` before the change.
    """
    added = 0
    for batch in _batches(rows):
        known = _indexed(connection, [row[0] for row in batch])
        fresh = [row for row in batch if row[0] not in known]
        if not fresh:
            continue
        added += len(fresh)
        if connection.dialect.name == "sqlite":
            connection.execute(
                text("INSERT INTO item_fts(rowid, title, body) VALUES (:id, :title, :body)"),
                [{"id": item_id, "title": tokens(title), "body": tokens(body)} for item_id, title, body in fresh],
            )
        else:
            connection.execute(
                text("INSERT INTO item_fts(item_id, tokens) VALUES (:id, CAST(:tokens AS tsvector))"),
                [{"id": item_id, "tokens": _tsvector(title, body)} for item_id, title, body in fresh],
            )
    return added


def unindex_items(connection: Connection, ids: Sequence[int]) -> None:
    """Take items out of the index. Call while the items still hold the text they were indexed with."""
    for batch in _batches(ids):
        if connection.dialect.name != "sqlite":
            connection.execute(text("DELETE FROM item_fts WHERE item_id = ANY(:ids)"), {"ids": list(batch)})
            continue
        known = _indexed(connection, batch)
        rows = connection.execute(select(t.item.c.id, t.item.c.title, t.item.c.text).where(t.item.c.id.in_(known)))
        gone = [{"id": row.id, "title": tokens(row.title), "body": tokens(row.text)} for row in rows]
        if gone:
            # A contentless table forgets a row only when given the very tokens it was made of.
            connection.execute(
                text("INSERT INTO item_fts(item_fts, rowid, title, body) VALUES ('delete', :id, :title, :body)"), gone
            )


def ensure(store: Store, progress: Callable[[int], None] | None = None) -> int:
    """Make the index complete and of this release's making; call at the start. Returns how many items were added.

    Cheap when nothing is missing. Works in short transactions, so the watch and the pages go on meanwhile; broken
    off at any instant, the next call goes on from there.
    """
    with store.read() as connection:
        found = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _META_KEY))
    if found not in (None, fingerprint()):
        _empty(store)
    added = _index_missing(store, progress)
    if found != fingerprint():
        with store.write() as connection:
            row = {"key": _META_KEY, "value": fingerprint()}
            connection.execute(
                insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
            )
    return added


def rebuild(store: Store, progress: Callable[[int], None] | None = None) -> int:
    """Make the whole index anew; searches find less until it is done. Returns how many items were indexed."""
    _empty(store)
    return ensure(store, progress)


def _empty(store: Store) -> None:
    with store.write() as connection:
        connection.execute(t.meta.delete().where(t.meta.c.key == _META_KEY))
        if store.dialect == "sqlite":
            connection.execute(text("INSERT INTO item_fts(item_fts) VALUES ('delete-all')"))
        else:
            connection.execute(text("TRUNCATE item_fts"))


def _index_missing(store: Store, progress: Callable[[int], None] | None) -> int:
    known = "SELECT rowid FROM item_fts" if store.dialect == "sqlite" else "SELECT item_id FROM item_fts"
    with store.read() as connection:
        indexed = connection.scalar(text(f"SELECT count(*) FROM ({known}) AS known"))  # noqa: S608 - one of two constants
        if indexed == connection.scalar(select(func.count()).select_from(t.item)):
            return 0
        ids = connection.scalars(text(f"SELECT id FROM item WHERE id NOT IN ({known}) ORDER BY id")).all()  # noqa: S608 - as above
    added = 0
    for batch in _batches(ids):
        with store.write() as connection:
            rows = connection.execute(select(t.item.c.id, t.item.c.title, t.item.c.text).where(t.item.c.id.in_(batch)))
            added += index_items(connection, [(row.id, row.title, row.text) for row in rows])
        if progress:
            progress(added)
    return added


def _indexed(connection: Connection, ids: Sequence[int]) -> set[int]:
    if connection.dialect.name == "sqlite":
        marks = ",".join(str(int(item_id)) for item_id in ids)
        found = connection.execute(text(f"SELECT rowid FROM item_fts WHERE rowid IN ({marks})"))  # noqa: S608 - integers
    else:
        found = connection.execute(text("SELECT item_id FROM item_fts WHERE item_id = ANY(:ids)"), {"ids": list(ids)})
    return {row[0] for row in found}


def _tsvector(title: str, body: str) -> str:
    places: dict[str, list[str]] = {}
    position = 0
    for words, weight in ((_tokens(title), "A"), (_tokens(body), "")):
        for word in words:
            held = places.setdefault(word, [])
            if len(held) < _POSITIONS_PER_LEXEME:
                held.append(f"{position % _POSITIONS + 1}{weight}")
            position += 1
        position += 1  # a gap: no phrase reaches from the title into the text
    return " ".join(f"'{word}':{','.join(held)}" for word, held in places.items())


def _batches(things: Iterable[_Thing]) -> Iterator[list[_Thing]]:
    batch: list[_Thing] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
