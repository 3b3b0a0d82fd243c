"""What is wrong in config.toml, said in Chinese with file, line and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]\]?")


def line_of(text: str, location: tuple[int | str, ...]) -> int:
    """Line (from 1) of the key a validation error points at; of its table where the key itself is missing."""
    table = str(location[0]) if location else ""
    wanted = location[1] if len(location) > 1 and isinstance(location[1], int) else 0
    keys = [str(part) for part in location[1:] if isinstance(part, str)]
    current, seen, best = "", -1, 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            current = header.group(2)
            if current == table or current.startswith(f"{table}."):
                seen += header.group(1) == "[[" or current == table
                if seen == wanted or header.group(1) == "[":
                    best = number
            continue
        if not current and re.match(rf"\s*{re.escape(table)}\s*=", line):
            return number
        inside = current == table and seen == wanted
        if inside and keys and re.match(rf"\s*\"?{re.escape(keys[0])}\"?\s*=", line):
            return number
    return best


_EXPECTED = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个设置项，请检查拼写",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "string_type": "应为文字（加引号）",
    "bool_type": "应为 true 或 false",
    "date_type": "应为日期，例如 2027-02-06",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "dict_type": "应为表",
    "model_type": "应为表",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "string_too_short": "不能为空",
    "string_too_long": "不能超过 {max_length} 个字",
}


_PATTERNS = {
    "id": "只能用小写字母、数字和连字符，2–61 个字符，不以连字符开头",
    "url": "应以 http:// 或 https:// 开头",
    "region": "应为六位区划代码，例如 530600；不限地区则留空",
}


def _whole(problem: Mapping[str, Any], text: str) -> tuple[int | str, ...]:
    """Where a fault of the whole file stands: the first [[clock]], or the last [[source]] that says the id again."""
    if problem["type"] != "whole_source":
        return ("clock",)
    entries = tomllib.loads(text)["source"]
    return ("source", max(n for n, entry in enumerate(entries) if entry["id"] == problem["ctx"]["id"]), "id")


def expected(problem: Mapping[str, Any]) -> str:
    """What was expected instead, in Chinese."""
    context: dict[str, Any] = dict(problem.get("ctx", {}))
    if problem["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(str(problem["loc"][-1]), "格式不符")
    if "expected" in context:
        context["expected"] = re.sub(r",? or |, ", "、", str(context["expected"])).replace("'", "")
    template = _EXPECTED.get(str(problem["type"]))
    return template.format(**context) if template else str(context.get("error", problem["msg"]))


def explain(path: Path, text: str, error: ValidationError) -> str:
    """Up to ten faults, each with file, line, key and what was expected."""
    lines = []
    for problem in error.errors()[:10]:
        location = tuple(problem["loc"]) or _whole(problem, text)
        words = expected(problem)
        name = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
        lines.append(f"{path} 第 {line_of(text, location)} 行：{name} {words}")
    return "设置有误，未启动。\n" + "\n".join(lines)


def not_toml(path: Path, text: str, words: str) -> str:
    """Where the parser stumbled; its English reason stands behind, for whoever wants to look it up."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", words)
    # Without a place the end of the file came too early: a bracket or a quotation mark is open.
    line, column = (found[1], found[2]) if found else (str(len(text.splitlines())), "1")
    return (
        f"设置有误，未启动。\n{path} 第 {line} 行第 {column} 列：写法不合 TOML 格式，"
        f"请检查括号、引号、等号是否成对，同一项是否写了两遍（{words}）"
    )
