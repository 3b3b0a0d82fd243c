"""Source lists in and out as OPML, the format every feed reader knows (监测源导入导出).

Feeds go out as plain ``rss`` outlines in folders by group; pages and JSON endpoints as ``link`` outlines, which other
readers pass over. Everything else of a source rides in attributes of our own namespace, so that a round trip is
lossless. Reading is safe against hostile files and writes nothing: it yields what could be added, what is watched
already and what is wrong, line by line, for a person to confirm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from lxml import etree
from sqlalchemy import Connection

from monitors.access import audit
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import InputError
from monitors.opinion import source_audit, sources
from monitors.opinion.model import SOURCE_GROUPS, Condition, Source, SourceKind
from monitors.opinion.source_rules import PAGE_INTERVAL_FLOOR, address_key, is_id, problems, recipe_from, recipe_json
from monitors.store.engine import Store

NAMESPACE = "urn:wage-arrears-watch:source:1"
MAX_BYTES = 2 * 1024 * 1024
MAX_OUTLINES = 2000
_OWN = f"{{{NAMESPACE}}}"
_OWN_GROUP = "自建"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source read from a file, at ``line``; valid, but perhaps watched already."""

    line: int
    source: Source


@dataclass(frozen=True, slots=True)
class Refused:
    """One outline that cannot become a source. ``line`` counts from 1."""

    line: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds. ``note`` says when the file was damaged and read as far as it went."""

    title: str
    candidates: tuple[Candidate, ...]
    refused: tuple[Refused, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What confirming would do: ``fresh`` is added, ``known`` skipped (watched already), ``refused`` reported."""

    fresh: tuple[Candidate, ...]
    known: tuple[Refused, ...]
    refused: tuple[Refused, ...]
    note: str = ""


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_opml(catalogue: Iterable[Source], *, now: datetime, title: str = "监测源") -> bytes:
    """The sources as one OPML 2.0 document, UTF-8, in folders by group."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"watch": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateCreated").text = local(now).strftime("%a, %d %b %Y %H:%M:%S +0800")
    body = etree.SubElement(root, "body")
    folders: dict[str, Any] = {}
    for source in catalogue:
        if source.group not in folders:
            folders[source.group] = etree.SubElement(body, "outline", {"text": source.group, "title": source.group})
        etree.SubElement(folders[source.group], "outline", _attributes(source))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def export_file(store: Store, actor: Actor, *, group: str = "", text: str = "", now: datetime) -> tuple[bytes, int]:
    """The sources on the list as a file, and how many; recorded before the bytes are given.

    It holds every request header: who takes the list away takes the keys of the sources with it.

    Raises:
        RefusedError: the actor may not change sources; recorded.
    """
    with acting(store, actor) as connection:
        actor.require("source.edit", kind=source_audit.KIND)
        rows = sources.list_sources(connection, group=group, text=text, demo=False)
        after = {"操作": "导出", "格式": "OPML", "分组": group or "全部", "个数": len(rows)}
        if text:
            after["含有文字"] = text[:60]
        audit.append(connection, actor, "source.edit", at=now, kind=source_audit.KIND, after=after)
    return write_opml([row.source for row in rows], now=now), len(rows)


def _attributes(source: Source) -> dict[str, str]:
    address = {"type": "rss", "xmlUrl": source.url} if source.kind == "feed" else {"type": "link", "url": source.url}
    own = {
        "id": source.id,
        "kind": source.kind,
        "outlet": source.outlet,
        "interval": str(source.interval_seconds),
        "maxInterval": str(source.max_interval_seconds),
        "region": source.region,
        "tier": str(source.tier),
        "national": str(source.national).lower(),
        "condition": source.condition,
        "note": source.condition_note,
        "paused": str(source.paused).lower(),
        "recipe": recipe_json(source.recipe),
    }
    return {"text": source.name, "title": source.name, **address, **{_OWN + name: value for name, value in own.items()}}


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_opml(data: bytes) -> Reading:
    """Read a file of any feed reader, or of ours.

    Raises:
        InputError: it is too large, hostile, or no OPML at all; nothing of it is offered.
    """
    if len(data) > MAX_BYTES:
        raise InputError("文件超过 2 MB，不像是订阅列表；请拆分后再导入")
    root, note = _tree(data)
    if etree.QName(root).localname.lower() != "opml":
        raise InputError("这不是 OPML 文件；请在阅读器中选择“导出订阅（OPML）”")
    outlines = [e for e in root.iter() if isinstance(e.tag, str) and etree.QName(e).localname.lower() == "outline"]
    if len(outlines) > MAX_OUTLINES:
        raise InputError(f"文件中有 {len(outlines)} 项，超过一次 {MAX_OUTLINES} 项的上限；请拆分后再导入")
    candidates: list[Candidate] = []
    refused: list[Refused] = []
    for outline in outlines:
        attributes = _lowered(outline)
        name = attributes.get("text", "").strip() or attributes.get("title", "").strip()
        line = int(outline.sourceline or 0)
        if not _address(attributes) and len(outline):
            continue  # a folder
        try:
            candidates.append(Candidate(line, _source(attributes, name, _group(outline))))
        except ValueError as error:
            refused.append(Refused(line, name[:60] or "（无名称）", str(error)))
    title = next((str(e.text or "").strip() for e in root.iter("title")), "")
    return Reading(title[:100], tuple(candidates), tuple(refused), note)


def _tree(data: bytes) -> tuple[Any, str]:
    """The document, strictly read; where it is damaged, as far as it goes, with a note saying so."""
    # Entities are how small files become gigabytes; no reader exports any.
    if b"<!ENTITY" in data.replace(b"\x00", b"").upper():
        raise InputError("文件中含有实体声明，可能有害，已拒绝导入")
    try:
        return etree.fromstring(data, _xml_parser()), ""
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
    try:
        root = etree.fromstring(data, _xml_parser(recover=True))
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise InputError("文件不是有效的 OPML（XML 格式有误）")
    return root, f"文件第 {line} 行起格式有误，已尽量读取，请核对条数"


def _xml_parser(*, recover: bool = False) -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=recover)


def _lowered(outline: Any) -> dict[str, str]:
    """Attributes by lower-case name (readers disagree on ``xmlUrl``), ours with their namespace."""
    found: dict[str, str] = {}
    for key, value in outline.attrib.items():
        own = str(key).startswith(_OWN)
        found[str(key) if own else str(key).lower()] = str(value)
    return found


def _address(attributes: Mapping[str, str]) -> str:
    return attributes.get("xmlurl", "").strip() or attributes.get("url", "").strip()


def _group(outline: Any) -> str:
    """The nearest folder named as one of our groups, else 自建."""
    for folder in outline.iterancestors():
        name = folder.get("text", "") or folder.get("title", "")
        if name.strip() in SOURCE_GROUPS:
            return str(name.strip())
    return _OWN_GROUP


def _source(attributes: Mapping[str, str], name: str, group: str) -> Source:
    """One outline as a source; what is missing gets the defaults of a source added by hand.

    Raises:
        ValueError: the outline cannot become a source; the sentence is Chinese.
    """
    url = _address(attributes)
    if not url:
        raise ValueError("没有网址（xmlUrl）")
    own = {key.removeprefix(_OWN): value for key, value in attributes.items() if key.startswith(_OWN)}
    kind = own.get("kind") or ("feed" if attributes.get("xmlurl", "").strip() else "page")
    try:
        recipe = recipe_from(json.loads(own.get("recipe", "{}")))
        numbers = {key: int(own[key]) for key in ("interval", "maxInterval", "tier") if key in own}
    except (json.JSONDecodeError, AttributeError, RecursionError) as error:
        raise ValueError("读取设置（recipe）格式有误") from error
    except ValueError as error:
        raise ValueError(f"扩展属性有误：{error}") from error
    # Only config.toml, the operator's own file, may ask for less than the page allows.
    interval = max(PAGE_INTERVAL_FLOOR, numbers.get("interval", 600))
    shown = (name or urlsplit(url).hostname or url)[:60]
    source = Source(
        id=own.get("id", "") if is_id(own.get("id", "")) else "",
        name=shown,
        kind=cast("SourceKind", kind),  # checked by ``problems`` below
        url=url,
        group=group,
        outlet=own.get("outlet", "") or shown,
        interval_seconds=interval,
        max_interval_seconds=max(interval, numbers.get("maxInterval", 1800)),
        region=own.get("region", ""),
        tier=numbers.get("tier", 3),
        national=own.get("national") == "true",
        condition=cast("Condition", own.get("condition", "未核实")),
        condition_note=own.get("note", ""),
        paused=own.get("paused") == "true",
        recipe=recipe,
    )
    if found := problems(source):
        raise ValueError("；".join(found.values()))
    return source


def plan_import(connection: Connection, reading: Reading) -> ImportPlan:
    """Compare a file with what is watched; reads only."""
    watched = {key: f"已在监测（{source_id}）" for key, source_id in sources.addresses(connection).items()}
    fresh: list[Candidate] = []
    known: list[Refused] = []
    for candidate in reading.candidates:
        key = address_key(candidate.source)
        if key in watched:
            known.append(Refused(candidate.line, candidate.source.name, watched[key]))
            continue
        watched[key] = f"与第 {candidate.line} 行相同"
        fresh.append(candidate)
    return ImportPlan(tuple(fresh), tuple(known), reading.refused, reading.note)


def import_sources(
    connection: Connection, actor: Actor, chosen: Sequence[Candidate], *, now: datetime
) -> tuple[str, ...]:
    """Add the confirmed sources, all or none; those watched meanwhile are passed over. Returns the new ids.

    Raises:
        RefusedError: the actor may not change sources.
    """
    actor.require("source.edit", kind=source_audit.KIND)
    watched = set(sources.addresses(connection))
    fresh: list[Source] = []
    for candidate in chosen:
        if address_key(candidate.source) not in watched:
            watched.add(address_key(candidate.source))
            fresh.append(candidate.source)
    return sources.add_sources(connection, actor, fresh, now=now, origin="opml")
