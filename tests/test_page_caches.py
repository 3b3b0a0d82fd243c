"""Page caches key on every argument: Streamlit leaves out those whose name begins with an underscore."""

from __future__ import annotations

import ast

import pytest

from monitors.settings import ROOT

PAGES = sorted((ROOT / "pages").glob("*.py"))


def cached_functions(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("cache_data" in ast.unparse(d) for d in node.decorator_list):
            yield node


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_cached_query_hides_an_argument_from_its_key(page):
    for function in cached_functions(ast.parse(page.read_text(encoding="utf-8"))):
        names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
        assert not [name for name in names if name.startswith("_")], function.name


def test_the_check_sees_cached_functions():
    found = [f for page in PAGES for f in cached_functions(ast.parse(page.read_text(encoding="utf-8")))]
    assert len(found) >= 5
