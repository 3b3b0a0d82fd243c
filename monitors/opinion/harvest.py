"""What one visit to a source yields (收获): asked with its cursor, read in the parser, followed to the articles.

Network and parser meet here; nothing is judged or stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from monitors.errors import FetchError, ParseError
from monitors.opinion.articles import Article
from monitors.opinion.claims import Claim
from monitors.opinion.model import Entry, Parsed, Recipe, Rejected, Response, SourceKind
from monitors.opinion.sources import dated_url
from monitors.settings import Settings

_ARTICLES_IN_VAIN = 3  # article pages that fail in a row before the rest is taken as the list gave it


class Fetches(Protocol):
    """What a poll needs of the network (``fetch.Fetcher``)."""

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Response: ...


class Parses(Protocol):
    """What a poll needs of the parser (``parse_pool.ParserPool``)."""

    async def parse(
        self, body: bytes, *, kind: SourceKind, url: str, content_type: str, recipe: Recipe, now: datetime
    ) -> Parsed: ...

    async def article(self, body: bytes, *, url: str, content_type: str, now: datetime) -> Article: ...


@dataclass(frozen=True, slots=True)
class Harvest:
    """What the network and the parser gave, before anything is stored."""

    kind: str
    status: int | None = None
    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    repaired: int = 0
    size: int = 0
    note: str = ""
    complete: bool = True
    unconditional: bool = False
    retry_after: float | None = None
    fresh: tuple[Entry, ...] = ()  # the entries not seen before, with their article's text where it was read
    validators: dict[str, Any] = field(default_factory=dict)


class Harvester:
    """Visits sources on behalf of a poll. ``clock`` tells an article's reader what lies in the future."""

    def __init__(self, settings: Settings, fetcher: Fetches, parser: Parses, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock

    async def gather(self, held: Claim, now: datetime) -> Harvest:
        """Ask the server and read its answer.

        Raises:
            FetchError: no body came. ParseError: a body came that holds no entries.
        """
        source = held.source
        # Once a day without validators: an intermediary that answers 304 for ever heals by itself.
        overdue = timedelta(hours=self._settings.watch.unconditional_poll_hours)
        unconditional = held.full_poll_at is None or now - held.full_poll_at >= overdue
        url = dated_url(source.url, now)
        answer = await self._fetcher.fetch(
            url,
            method=source.recipe.method,
            headers=source.recipe.headers,
            body=source.recipe.body,
            etag=None if unconditional else held.etag,
            last_modified=None if unconditional else held.last_modified,
        )
        if answer.not_modified:
            return Harvest("unchanged", answer.status, note="没有变化（服务器答复 304）")
        digest = hashlib.sha256(answer.body).hexdigest()
        if digest == held.body_hash and not unconditional:
            note = "没有变化（内容与上次相同）"
            return Harvest("unchanged", answer.status, size=len(answer.body), note=note)
        parsed = await self._parser.parse(
            answer.body,
            kind=source.kind,
            url=answer.url,
            content_type=answer.content_type,
            recipe=source.recipe,
            now=now,
        )
        validators: dict[str, Any] = {}
        if parsed.entries:
            # Only a body that gave something may teach us validators, or an error page would poison the cache.
            validators = {
                "etag": answer.headers.get("etag"),
                "last_modified": answer.headers.get("last-modified"),
                "body_hash": digest,
            }
        return Harvest(
            "ok",
            answer.status,
            parsed.entries,
            parsed.rejected,
            parsed.repaired,
            len(answer.body),
            unconditional=unconditional,
            validators=validators,
        )

    async def follow(self, fresh: Sequence[Entry]) -> tuple[list[Entry], bool]:
        """Read the article pages of new entries; beyond ``article_limit`` they wait for the next poll.

        An article that cannot be read leaves the entry as the list gave it: noticed sooner beats complete.
        """
        limit = self._settings.fetch.article_limit
        followed: list[Entry] = []
        in_vain = 0
        for entry in fresh[:limit]:
            if in_vain >= _ARTICLES_IN_VAIN:
                # A host that lets every page time out must not keep twenty reports back for five minutes.
                followed.append(entry)
                continue
            try:
                answer = await self._fetcher.fetch(entry.url)
                article = await self._parser.article(
                    answer.body, url=answer.url, content_type=answer.content_type, now=self._clock()
                )
            except (FetchError, ParseError):
                followed.append(entry)
                in_vain += 1
                continue
            in_vain = 0
            followed.append(
                replace(
                    entry,
                    text=article.text if len(article.text) > len(entry.text) else entry.text,
                    published=article.published or entry.published,
                    published_note="" if article.published else entry.published_note,
                )
            )
        return followed, len(fresh) <= limit
