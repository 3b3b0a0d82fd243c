"""What a person may enter for a source, and the id a new one gets: pure checks, refusals in Chinese (监测源校验)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

import soupsieve

from monitors.opinion.model import CONDITIONS, SOURCE_GROUPS, SOURCE_KINDS, Recipe, Source

# From the page nobody needs less than a minute between polls of a public site; config.toml, the operator's own, may.
PAGE_INTERVAL_FLOOR = 60
_INTERVAL_CEILING = 7 * 86_400
_CAP_CEILING = 30 * 86_400
_LONGEST_URL = 2000
# {YYYY}, {MM} and {DD} in an address stand for the office's date at the time of polling.
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
DATE_PARTS = {"YYYY": "%Y", "MM": "%m", "DD": "%d"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
# Set by the fetcher itself; a wrong value would break the request or smuggle another one.
_OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "cookie"}
SELECTOR_NAMES = {"items": "条目", "title": "标题", "link": "链接", "time": "时间", "summary": "摘要"}


def address_key(source: Source) -> tuple[str, str]:
    """What makes two sources the same address: one search address serves many questions, told apart by the body."""
    return source.url.strip(), source.recipe.body.strip() if source.recipe.method == "POST" else ""


def new_id(source: Source) -> str:
    """A readable, stable id for a source that has none: its host and a digest of its address."""
    host = (urlsplit(source.url).hostname or "source").removeprefix("www.")
    slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:40] or "source"
    return f"{slug}-{hashlib.sha256(repr(address_key(source)).encode()).hexdigest()[:8]}"


def is_id(text: str) -> bool:
    """Whether ``text`` may be the id of a source (the rule of config.toml)."""
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{1,60}", text) is not None


def problems(source: Source, *, interval_floor: float = PAGE_INTERVAL_FLOOR) -> dict[str, str]:
    """Field → what is wrong with it and what to do, in Chinese; empty where the source may be stored."""
    found = {
        "name": _name_problem(source.name),
        "url": url_problem(source.url),
        "kind": "" if source.kind in SOURCE_KINDS else "类型应为 feed、page 或 json",
        "group": "" if source.group in SOURCE_GROUPS else f"分组应为{'、'.join(SOURCE_GROUPS)}之一",
        "outlet": "" if len(source.outlet) <= 60 else "媒体名称不能超过 60 个字",
        "region": "" if re.fullmatch(r"(\d{6})?", source.region) else "行政区划代码应为 6 位数字，例如昆明市 530100",
        "tier": "" if source.tier in (1, 2, 3, 4) else "可信等级应为 1 至 4",
        "condition": _condition_problem(source),
        **_interval_problems(source, interval_floor),
        **_recipe_problems(source),
    }
    return {field: problem for field, problem in found.items() if problem}


def _name_problem(name: str) -> str:
    if not name.strip():
        return "请填写名称"
    if len(name) > 60:
        return "名称不能超过 60 个字"
    return "名称中有不可见的控制字符，请删去" if _has_control(name) else ""


def _has_control(text: str) -> bool:
    return any(ord(c) < 32 or ord(c) == 127 for c in text)


def url_problem(url: str) -> str:
    """Why ``url`` cannot be watched, or ``""``. Private addresses are refused later, when they are connected to."""
    problem = ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "网址格式不对，请检查方括号与端口"
    if not url:
        problem = "请填写网址"
    elif parts.scheme not in ("http", "https"):
        problem = "网址应以 http:// 或 https:// 开头"
    elif not host:
        problem = "网址缺少域名"
    elif parts.username is not None or parts.password is not None:
        problem = "网址中不能含用户名或密码"
    elif "\\" in url or any(c.isspace() for c in url) or _has_control(url):
        problem = "网址中不能有空格、反斜杠或控制字符"
    elif len(url) > _LONGEST_URL:
        problem = f"网址不能超过 {_LONGEST_URL} 个字符"
    elif unknown := [m for m in PLACEHOLDER.findall(url) if m not in DATE_PARTS]:
        problem = f"网址中的 {{{unknown[0]}}} 无法识别，只能用 {{YYYY}} {{MM}} {{DD}}"
    return problem


def _condition_problem(source: Source) -> str:
    if source.condition not in CONDITIONS:
        return f"状况应为{'、'.join(CONDITIONS)}之一"
    if source.condition in ("已停更", "受阻") and not source.condition_note.strip():
        return f"状况为“{source.condition}”时请写明原因"
    return ""


def _interval_problems(source: Source, floor: float) -> dict[str, str]:
    found = {}
    if source.interval_seconds < floor:
        found["interval_seconds"] = f"抓取间隔不能短于 {floor / 60:g} 分钟"
    elif source.interval_seconds > _INTERVAL_CEILING:
        found["interval_seconds"] = "抓取间隔不能长于 7 天"
    if source.max_interval_seconds < source.interval_seconds:
        found["max_interval_seconds"] = "最长间隔不能短于抓取间隔"
    elif source.max_interval_seconds > _CAP_CEILING:
        found["max_interval_seconds"] = "最长间隔不能长于 30 天"
    return found


def _recipe_problems(source: Source) -> dict[str, str]:
    recipe = source.recipe
    found: dict[str, str] = {}
    for field, name in SELECTOR_NAMES.items():
        value = getattr(recipe, field)
        if value and source.kind == "page" and (problem := _selector_problem(value)):
            found[field] = f"{name}选择器{problem}"
        elif value and source.kind == "json" and not all(part.strip() for part in value.split(".")):
            found[field] = f"{name}路径格式不对，应形如 data.list"
    if recipe.link_template and (problem := url_problem(PLACEHOLDER.sub("0", recipe.link_template))):
        found["link_template"] = f"链接模板：{problem}"
    if recipe.method not in ("GET", "POST"):
        found["method"] = "请求方式应为 GET 或 POST"
    elif recipe.method == "GET" and recipe.body:
        found["body"] = "只有 POST 请求可以带正文"
    elif len(recipe.body) > 10_000:
        found["body"] = "请求正文不能超过 10000 个字符"
    if problem := _header_problem(recipe):
        found["headers"] = problem
    return found


def _selector_problem(selector: str) -> str:
    try:
        soupsieve.compile(selector)
    except (soupsieve.SelectorSyntaxError, ValueError, NotImplementedError):
        return f"写法有误：{selector[:60]}"
    return ""


def _header_problem(recipe: Recipe) -> str:
    if len(recipe.headers) > 20:
        return "请求头不能超过 20 项"
    for name, value in recipe.headers:
        if not _HEADER_NAME.fullmatch(name):
            return f"请求头名称有误：{name[:60]}"
        if name.lower() in _OWN_HEADERS:
            return f"请求头 {name} 由系统填写，不能自定"
        if _has_control(value) or not value.isascii() or len(value) > 1000:
            return f"请求头 {name} 的值应为 1000 字以内的英文字符"
    return ""


def read_headers(text: str) -> tuple[tuple[str, str], ...]:
    """``Name: value`` lines as a person types them → header pairs, sorted; without a colon the value is empty."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return tuple(sorted((name.strip(), value.strip()) for name, _, value in pairs))


def recipe_json(recipe: Recipe) -> str:
    """The recipe as one line of JSON, only what was filled in; the inverse of ``recipe_from``."""
    filled = {
        name: getattr(recipe, name) for name in recipe.__slots__ if getattr(recipe, name) != getattr(Recipe(), name)
    }
    return json.dumps(filled, ensure_ascii=False, sort_keys=True)


def recipe_from(value: dict[str, Any]) -> Recipe:
    """A recipe from its stored or exported fields; unknown fields and wrong types are refused with ``ValueError``."""
    blank = Recipe()
    fields: dict[str, Any] = {}
    for name, given in value.items():
        if name not in blank.__slots__:
            raise ValueError(f"没有这个读取设置：{name}")
        if name == "headers":
            if not isinstance(given, (list, tuple)) or any(
                not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in given
            ):
                raise ValueError("请求头格式不对")
            fields[name] = tuple((str(pair[0]), str(pair[1])) for pair in given)
        elif type(given) is not type(getattr(blank, name)):
            raise ValueError(f"读取设置 {name} 的类型不对")
        else:
            fields[name] = given
    return Recipe(**fields)
