"""What the provider says of a person → who that is here (声明映射): name, role and division by the rules of [sso].

Nothing is guessed: a role without an entry, a division that is none or does not fit the role, and the person stays out
with a sentence that says what to tell the administrator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitors.access.account_rows import check_region, cut
from monitors.access.roles import Role
from monitors.errors import InputError
from monitors.regions import divisions
from monitors.settings import Sso

_CODE = re.compile(r"([0-9]{6})(?:[0-9]{6})?")  # GB/T 2260, or the twelve digits of the statistical code book
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider vouches for, in our words. ``subject`` is the provider's own, unchanging name for them."""

    subject: str
    name: str
    display: str
    role: Role
    region: str


def wanted(sso: Sso) -> tuple[str, ...]:
    """The claims, by their outermost name, without which the userinfo endpoint is asked as well."""
    names = (sso.name_claim, sso.display_claim, sso.role_claim, sso.region_claim)
    return tuple(dict.fromkeys(name.partition(".")[0] if "://" not in name else name for name in names if name))


def person(claims: Mapping[str, Any], sso: Sso) -> Person:
    """Read the claims.

    Raises:
        InputError: something is missing or does not fit; says what to tell the administrator.
    """
    subject = _word(claims.get("sub"))
    name = _word(_claim(claims, sso.name_claim))
    if not subject or not name:
        missing = sso.name_claim if subject else "sub"
        raise InputError(f"统一身份认证没有给出您的登录名（{missing}），请告知省级管理员核对单点登录设置")
    role = _role(_words(_claim(claims, sso.role_claim)), sso)
    region = _region(_claim(claims, sso.region_claim), sso)
    try:
        check_region(role, region)
    except InputError as error:
        place = divisions.full_name(region) or "未知的区划"
        raise InputError(
            f"统一身份认证给出的辖区是{place}（{region}），与您的角色不符：{error}。请告知省级管理员更正"
        ) from error
    display = cut(_word(_claim(claims, sso.display_claim)), 60) or cut(name, 60)
    return Person(subject, name, display, role, region)


def said_name(claims: Mapping[str, Any], sso: Sso) -> str:
    """Whom the claims seem to be about, for the trail of a refusal."""
    return _word(_claim(claims, sso.name_claim)) or _word(claims.get("sub")) or "（未知）"


def _role(words: tuple[str, ...], sso: Sso) -> Role:
    """The first ``[[sso.role]]``, in the order of config.toml, whose word the person has."""
    for entry in sso.role:
        if entry.claim in words:
            return Role(entry.role)
    if not words:
        raise InputError(
            f"统一身份认证没有给出您的角色（{sso.role_claim}），请告知省级管理员在统一身份认证中为您授权本系统"
        )
    shown = "、".join(cut(word, 40) for word in words[:5]) + ("等" if len(words) > 5 else "")
    raise InputError(f"您在统一身份认证中的角色“{shown}”在本系统没有对应的角色，请告知省级管理员")


def _region(said: Any, sso: Sso) -> str:
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if said in (_MISSING, None, "", []):
        if sso.default_region:
            return sso.default_region
        raise InputError(f"统一身份认证没有给出您的辖区（{sso.region_claim}），请告知省级管理员登记六位行政区划代码")
    found = _CODE.fullmatch(_word(said))
    if found is None:
        raise InputError(f"统一身份认证给出的辖区“{cut(str(said), 40)}”不是六位行政区划代码，请告知省级管理员更正")
    return divisions.current_code(found[1])


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, else along the dots: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return _MISSING
        found = found[part]
    return found


def _word(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _words(value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    return tuple(word for word in map(_word, several) if word)
