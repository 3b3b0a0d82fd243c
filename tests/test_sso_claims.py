"""Who a person of the provider is here: role and division by the rules of [sso], or a word for the administrator."""

from __future__ import annotations

import pytest

from monitors.access import sso_claims
from monitors.errors import InputError
from tests.sso_house import CLERK, ROLES, settings_for


def claims_of(**changes):
    return {"sub": "u-1"} | CLERK | changes


RULES = settings_for("https://sso.example.gov.cn").sso


@pytest.mark.parametrize(
    ("claims", "rules", "role", "region"),
    [
        (claims_of(), {}, "县级经办", "530102"),
        (claims_of(roles="wage-clerk"), {}, "县级经办", "530102"),
        (claims_of(roles=["wage-clerk", "wage-duty"]), {}, "值班员", "530102"),  # config.toml's order, not the token's
        (claims_of(roles=[None, 7, {"a": 1}, "wage-clerk"]), {}, "县级经办", "530102"),
        (claims_of(region=530102), {}, "县级经办", "530102"),
        (claims_of(region="530102000000"), {}, "县级经办", "530102"),
        (claims_of(region=["530102"]), {}, "县级经办", "530102"),
        (claims_of(region=" 530102 "), {}, "县级经办", "530102"),
        (claims_of(region=None), {"default_region": "530111"}, "县级经办", "530111"),
        (claims_of(region=""), {"default_region": "530111"}, "县级经办", "530111"),
        (claims_of(roles="wage-admin", region="530000"), {}, "省级管理员", "530000"),
        (claims_of(realm_access={"roles": ["wage-duty"]}), {"role_claim": "realm_access.roles"}, "值班员", "530102"),
        (claims_of(**{"https://a.b/roles": "wage-duty"}), {"role_claim": "https://a.b/roles"}, "值班员", "530102"),
    ],
)
def test_role_and_place_by_the_rules(claims, rules, role, region):
    found = sso_claims.person(claims, RULES.model_copy(update=rules))
    assert (found.role, found.region, found.subject, found.display) == (role, region, "u-1", "王芳")


@pytest.mark.parametrize(
    ("claims", "rules", "says"),
    [
        (claims_of(sub=""), {}, "没有给出您的登录名（sub）"),
        (claims_of(preferred_username=None), {}, "没有给出您的登录名（preferred_username）"),
        (claims_of(roles=[]), {}, "没有给出您的角色（roles）"),
        (claims_of(), {"role_claim": "realm_access.roles"}, "没有给出您的角色（realm_access.roles）"),
        (claims_of(realm_access="x"), {"role_claim": "realm_access.roles"}, "没有给出您的角色"),
        (claims_of(roles="WAGE-CLERK"), {}, "角色“WAGE-CLERK”在本系统没有对应的角色"),
        (claims_of(roles="wage-clerk wage-admin"), {}, "没有对应的角色"),
        (claims_of(region=None), {}, "没有给出您的辖区（region）"),
        (claims_of(region="五华区"), {"default_region": "530111"}, "辖区“五华区”不是六位行政区划代码"),
        (claims_of(region="53010"), {}, "不是六位行政区划代码"),
        (claims_of(region="５３０１０２"), {}, "不是六位行政区划代码"),
        (claims_of(region=True), {}, "不是六位行政区划代码"),
        (claims_of(region=["530102", "530000"]), {"default_region": "530111"}, "不是六位行政区划代码"),
        (claims_of(region="530199"), {}, "未知的区划（530199），与您的角色不符"),
        (claims_of(region="440106"), {}, "广东省广州市天河区（440106），与您的角色不符"),
        (claims_of(region="530100"), {}, "昆明市（530100），与您的角色不符：县级经办须选择一个县"),
        (claims_of(roles="wage-admin"), {}, "省级管理员的辖区须为云南省"),
        (claims_of(roles="wage-admin", region=None), {"default_region": "530102"}, "省级管理员的辖区须为云南省"),
    ],
)
def test_who_does_not_fit_the_rules_stays_out_with_a_word_for_the_administrator(claims, rules, says):
    with pytest.raises(InputError) as failed:
        sso_claims.person(claims, RULES.model_copy(update=rules))
    assert says in str(failed.value)
    assert "告知省级管理员" in str(failed.value)


def test_a_persons_name_is_made_fit_to_be_shown():
    found = sso_claims.person(claims_of(name="王\n芳" + "长" * 80), RULES)
    assert found.display == "王芳" + "长" * 58
    assert sso_claims.person(claims_of(name=None), RULES).display == "Wang.Fang"


def test_the_claims_looked_for_in_userinfo():
    rules = RULES.model_copy(update={"role_claim": "realm_access.roles", "region_claim": "https://a.b/region"})
    assert sso_claims.wanted(rules) == ("preferred_username", "name", "realm_access", "https://a.b/region")
    assert ROLES[0].claim not in sso_claims.wanted(rules)
