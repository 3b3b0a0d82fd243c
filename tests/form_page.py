"""The page 附件2报表 for the tests: opened without a browser, its fields filled, forms submitted behind it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.access.scope import Scope
from monitors.clock import utc_now
from monitors.ledger import form_snapshots
from monitors.ledger.form_paper import Signed

ROOT = Path(__file__).resolve().parent.parent
KUNMING, NOVEMBER, DECEMBER = "530100", date(2021, 11, 30), date(2021, 12, 31)
ADDRESS = {"campaign": "2021", "cutoff": "2021-11-30"}
WHY = dict.fromkeys(("F21", "F22", "F23", "F24", "F27"), "已核实，情况属实")
SIGNED = {"单位负责人": "甲同志", "处（队）负责人": "乙同志", "制表人": "丙同志", "联系电话": "0871-00000000"}


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "form.py"), default_timeout=60)
    for name, value in (ADDRESS | address).items():
        app.query_params[name] = str(value)
    return app.run()


def sheet(app):
    assert not app.exception, [error.value for error in app.exception]
    found = [one.proto for one in app.get("bidi_component") if one.proto.component_name == "form_sheet"]
    return json.loads(found[0].json) if found else None


def words(app):
    kinds = ("markdown", "caption", "subheader", "error", "warning", "info", "success")
    return "\n".join(
        [one.value for kind in kinds for one in app.get(kind)] + [one.proto.body for one in app.get("html")]
    )


def keys(app):
    return {button.key for button in app.button}


def address(app, name):
    held = app.query_params[name]
    return held[0] if isinstance(held, list) else held


def field(kind, name, region=KUNMING, cutoff=NOVEMBER):
    return f"form-field|{kind}|2021|{cutoff}|{region}|{name}"


def explain(app, why=WHY, **where):
    for code, said in why.items():
        app.text_area(key=field("本级", code, **where)).set_value(said)
    return app.run()


def sign(app, kind="本级", **where):
    for name, said in SIGNED.items():
        app.text_input(key=field(kind, name, **where)).set_value(said)
    return app.run()


def send(app):
    next(box for box in app.checkbox if box.key.startswith("form-ready")).check().run()
    return app.button(key="form-submit").click().run()


def snapshots(house, region=""):
    with house.read() as connection:
        return form_snapshots.listed(connection, Scope("530000"), region=region)


def submit(house, region, cutoff=NOVEMBER, now=None, role=Role.PREFECTURE_REVIEWER):
    with house.write() as connection:
        return form_snapshots.submit(
            connection,
            Actor(1, "li", "李同志", role, region, "10.20.0.7"),
            campaign=next(one for one in settings_module.load().campaigns if one.key == "2021"),
            cutoff=cutoff,
            region=region,
            unit="示例制表单位",
            signed=Signed(*SIGNED.values()),
            explanations=dict.fromkeys((f"F{number}" for number in range(21, 31)), "说明"),
            now=now or utc_now(),
        )
