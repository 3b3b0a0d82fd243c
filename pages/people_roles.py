"""权限表: the very table that decides who may do what, as a person reads it."""

from __future__ import annotations

from monitors.access.roles import MATRIX, REGION_LEVEL, Role
from monitors.access.trail import GROUPS
from pages.markup import Html, tag

LEVEL_WORDS = {"county": "县（市、区）", "prefecture": "州（市）", "province": "全省", None: "省、州市或县"}


def grouped() -> dict[str, list[str]]:
    """Group's name → its actions, both in the order of the table; every action once."""
    found: dict[str, list[str]] = {}
    for action in MATRIX:
        part = action.split(".")[0]
        name = next((name for name, parts in GROUPS.items() if part in parts), "其他")
        found.setdefault(name, []).append(action)
    return found


def matrix_html() -> Html:
    """Rows are actions, columns roles; ● means allowed, nothing means refused."""
    heads = [tag("th", str(role), tag("small", LEVEL_WORDS[REGION_LEVEL[role]]), class_="dot") for role in Role]
    body: list[Html] = []
    for name, actions in grouped().items():
        body.append(tag("tr", tag("th", name, colspan=str(len(Role) + 1))))
        for action in actions:
            permission = MATRIX[action]
            marks = [_mark(role in permission.roles, f"{role}：{permission.words}") for role in Role]
            body.append(tag("tr", tag("td", permission.words), *marks))
    table = tag("table", tag("thead", tag("tr", tag("th", "可以做的事"), *heads)), tag("tbody", *body), class_="matrix")
    note = tag(
        "p",
        "● 为允许，空白为不允许。角色下方的小字是该角色账号的辖区级别：只能看到和办理辖区之内的记录，"
        "未定位和外省的记录只有全省辖区的账号可见。本表与系统执行的权限为同一张表，不能在页面上修改。",
        class_="muted",
    )
    return tag("div", table, note)


def _mark(allowed: bool, hint: str) -> Html:
    return tag("td", "●", class_="dot", title=hint) if allowed else tag("td", "", class_="dot")
