"""HTML list pages (列表页) → ``Parsed``: by the source's CSS selectors, or by finding the list that the page is about.

Most offices publish no feed, only a page of links with dates. With selectors Beautiful Soup reads what they name;
without, the links are grouped by their place in the page and the group that reads most like headlines is the list.
"""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin

from monitors.errors import ParseError
from monitors.opinion.addresses import absolute_url
from monitors.opinion.dates import has_date
from monitors.opinion.decode import Decoded, squeeze
from monitors.opinion.entries import Frame, RawEntry, finish
from monitors.opinion.model import Parsed, Recipe

_MIN_TITLE = 6  # shorter link texts are menus
_MIN_ITEMS = 3
_MAX_DATE_TEXT = 200  # an item's remaining text is searched for its date this far
_CUT_OFF = ("...", "…", "......", "···")
_OUTSIDE = {"nav", "footer", "header", "select", "noscript", "button"}  # not "form": ASP.NET wraps whole pages in one
_OUTSIDE_NAMES = re.compile(
    r"(?:^|[-_ ])(?:nav|menu|footer|foot|header|crumb|breadcrumb|pager|pagination|share|login|copyright)(?:$|[-_ ])",
    re.IGNORECASE,
)
_PLAIN_URL = re.compile(r"https?://\S+\Z")


def read_list(decoded: Decoded, recipe: Recipe, frame: Frame) -> Parsed:
    """The entries of a list page, top to bottom. Raises ParseError where nothing is found: the page has changed."""
    if not decoded.text.strip():
        raise ParseError("内容是空的：服务器没有返回任何内容")
    raws, title = _by_selectors(decoded.text, recipe, frame) if recipe.items else _worked_out(decoded.text, frame)
    raws = _first_of_each(raws)
    if not raws:
        how = f"选择器 {recipe.items} 没有选中任何条目" if recipe.items else "没有找到新闻列表"
        raise ParseError(f"格式变了：{how}{f'（页面标题：{squeeze(title)[:40]}）' if title else ''}")
    return finish(raws, frame, decoded, title=title, format_name="page")


def _first_of_each(raws: Iterable[RawEntry]) -> list[RawEntry]:
    """A list often links one report twice (picture and headline, 置顶 and list): the fuller title stays."""
    kept: dict[str, RawEntry] = {}
    for number, raw in enumerate(raws):
        key = raw.link or f"#{number}"
        if key not in kept or len(squeeze(raw.title)) > len(squeeze(kept[key].title)):
            kept[key] = raw
    return list(kept.values())


# ── By selectors ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_selectors(text: str, recipe: Recipe, frame: Frame) -> tuple[list[RawEntry], str]:
    import bs4  # noqa: PLC0415 - loaded where a source has selectors
    import soupsieve  # noqa: PLC0415

    soup = bs4.BeautifulSoup(text, "lxml")
    base_tag = soup.find("base", href=True)
    base = urljoin(frame.base, str(base_tag["href"])) if isinstance(base_tag, bs4.Tag) else frame.base
    title = soup.title.get_text() if soup.title else ""
    try:
        items = soup.select(recipe.items, limit=10 * frame.limits.max_entries)
        return [_selected(item, recipe, base) for item in items], title
    except (soupsieve.SelectorSyntaxError, NotImplementedError) as error:
        raise ParseError(f"选择器写错了：{str(error).splitlines()[0][:120]}") from error


def _selected(item: Any, recipe: Recipe, base: str) -> RawEntry:
    link = item.select_one(recipe.link) if recipe.link else _main_link(item)
    named = item.select_one(recipe.title) if recipe.title else None
    shown = named if named is not None else link if link is not None else item
    title = _fuller(shown.get_text(" "), str((link if named is None else named or link or {}).get("title") or ""))
    if recipe.time:
        timed = item.select_one(recipe.time)
        date = str(timed.get("datetime") or timed.get_text(" ")) if timed is not None else ""
    else:
        date = _date_in(squeeze(item.get_text(" ")).replace(squeeze(title), " ") or _sibling_text(item))
    summary = (
        item.select_one(recipe.summary).get_text("\n") if recipe.summary and item.select_one(recipe.summary) else ""
    )
    href = str(link.get("href") or "") if link is not None else ""
    return RawEntry(title=_escaped(title), link=absolute_url(href, base), texts=(_escaped(summary),), date=date)


def _main_link(item: Any) -> Any:
    """The item itself where it is a link, else its link with the longest words."""
    if item.name == "a":
        return item
    links = item.find_all("a", href=True)
    return max(links, key=lambda link: len(squeeze(link.get_text())), default=None)


def _sibling_text(item: Any) -> str:
    following = item.next_sibling
    return squeeze(following.get_text(" ")) if following is not None else ""


def _escaped(text: str) -> str:
    """Text that is text already, made safe for the markup reading all titles go through."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _fuller(shown: str, attribute: str) -> str:
    """A link's ``title`` attribute where the words on the page were cut off to fit."""
    shown, attribute = squeeze(shown), squeeze(attribute)
    if not attribute:
        return shown
    stem = shown
    for mark in _CUT_OFF:
        stem = stem.removesuffix(mark)
    cut = stem != shown or not shown
    longer = len(attribute) > len(shown) and attribute.startswith(stem[:10])
    return attribute if cut or longer else shown


def _date_in(text: str) -> str:
    text = text[-_MAX_DATE_TEXT:] if not has_date(text[:_MAX_DATE_TEXT]) else text[:_MAX_DATE_TEXT]
    return text if has_date(text) else ""


# ── Worked out ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _worked_out(text: str, frame: Frame) -> tuple[list[RawEntry], str]:
    from lxml import etree, html  # noqa: PLC0415 - loaded where a page is read

    try:
        root = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ParseError("格式变了：返回的内容不是网页") from error
    base_tag = root.find(".//base[@href]")
    base = urljoin(frame.base, base_tag.get("href")) if base_tag is not None else frame.base
    title = root.findtext(".//title") or ""
    groups: defaultdict[tuple[str, ...], list[tuple[Any, str]]] = defaultdict(list)
    for link in root.iter("a"):
        words = _fuller(link.text_content(), link.get("title") or "")
        href = (link.get("href") or "").strip()
        if len(words) < _MIN_TITLE or _PLAIN_URL.match(words) or not href or href.startswith(("#", "javascript:")):
            continue
        place = _place(link)
        if place:
            groups[place].append((link, words))
    best = max(groups.values(), key=_likeness, default=[])
    if len(best) < _MIN_ITEMS or _likeness(best) <= 0:
        return [], title
    items = [
        RawEntry(
            title=_escaped(words),
            link=absolute_url(link.get("href"), base or "http://page.invalid/"),
            date=_nearby_date(link, words),
        )
        for link, words in best
    ]
    return items, title


def _place(link: Any) -> tuple[str, ...]:
    """Where a link stands: tags and first classes of its ancestors, the same for all items of one list."""
    place: list[str] = []
    for depth, node in enumerate(link.iterancestors()):
        if node.tag in _OUTSIDE or (
            depth < 6 and _OUTSIDE_NAMES.search(f"{node.get('id', '')} {node.get('class', '')}")
        ):
            return ()
        if node.tag in ("body", "html"):
            break
        place.append(str(node.tag))
    return tuple(place)


def _likeness(group: list[tuple[Any, str]]) -> float:
    """How much a group of links reads like headlines: many, long, all different."""
    distinct = {words for _, words in group}
    if len(distinct) < _MIN_ITEMS or len(distinct) < 0.5 * len(group):
        return 0.0
    typical = statistics.median(len(words) for words in distinct)
    return float(len(distinct) * (min(typical, 30.0) - _MIN_TITLE + 1) ** 1.5)


def _nearby_date(link: Any, words: str) -> str:
    """The date in the words around a link, going outwards while they still belong to this one item."""
    node = link
    for _ in range(4):
        node = node.getparent()
        if node is None or any(_is_other(other, link) for other in node.iter("a")):
            return ""
        around = squeeze(node.text_content()[:2000]).replace(words, " ")
        if has_date(around[:_MAX_DATE_TEXT]):
            return around[:_MAX_DATE_TEXT]
    return ""


def _is_other(other: Any, link: Any) -> bool:
    """Whether a link near ours is another report's."""
    return other.get("href") != link.get("href") and len(squeeze(other.text_content())) >= _MIN_TITLE
