"""Page caches: the key holds every argument, and the reader's part of the province wherever records are shown."""

from __future__ import annotations

import ast

import pytest

from monitors.settings import ROOT

PAGES = sorted((ROOT / "pages").glob("*.py"))
# Cached for everybody alike, each with the reason why nobody learns from it what is not theirs.
WITHOUT_SCOPE = {
    ("context.py", "_demo_mark"): "whether demonstration data is loaded: the banner stands on everybody's page",
    (
        "context.py",
        "_is_empty",
    ): "whether anything was ever taken in: decides only between the page and the first start",
    ("duty.py", "_trouble"): "sources, not records; asked only for those who may see the sources",
    ("import_preview.py", "_places"): "by the token of an upload, which only its own person is given",
    ("ledger_import.py", "_template"): "an empty workbook",
    ("rejudging.py", "_outdated"): "a number, asked only for those who see the whole province",
    ("source_form.py", "_regions"): "names of places, known to everybody",
    ("sources.py", "_judged"): "sources, not records; the page is only for those who may see them",
}


def cached_functions(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("cache_data" in ast.unparse(d) for d in node.decorator_list):
            yield node


def arguments(function):
    return [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]


def every_cached():
    for page in PAGES:
        for function in cached_functions(ast.parse(page.read_text(encoding="utf-8"))):
            yield pytest.param(page.name, function, id=f"{page.name}:{function.name}")


@pytest.mark.parametrize(("page", "function"), every_cached())
def test_no_cached_query_hides_an_argument_from_its_key(page, function):
    assert not [name for name in arguments(function) if name.startswith("_")]


@pytest.mark.parametrize(("page", "function"), every_cached())
def test_what_is_cached_is_cached_by_scope(page, function):
    if (page, function.name) not in WITHOUT_SCOPE:
        assert "scope" in arguments(function)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_nothing_per_person_is_kept_where_all_share_it(page):
    """A resource is one object for all: its function must ask neither who looks nor what they may."""
    for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any("cache_" in ast.unparse(d) for d in node.decorator_list):
            asked = {called.attr for called in ast.walk(node) if isinstance(called, ast.Attribute)}
            assert not asked & {"actor", "signed", "scope", "token", "session_state", "cookies"}, node.name


def test_the_checks_see_cached_functions():
    found = list(every_cached())
    assert len(found) >= 5
    assert {(param.values[0], param.values[1].name) for param in found} >= set(WITHOUT_SCOPE)
