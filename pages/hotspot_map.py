"""The county map as a Vega-Lite specification: classed colours, prefecture lines, names, marks; clicks select counties.

The outlines come from the app's own address, never with the page: 100 kB that the browser keeps. Traps met on the way:
a property must be flattened before a click can select by it; prefectures are a ``mesh`` without even a transparent
fill, or they would swallow the clicks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import altair as alt

from monitors.hotspots import layers
from monitors.hotspots.layers import CountyRow, Layer
from monitors.regions import divisions, shapes

ADDRESS = "/maps/yunnan.topo.json"
OUTSIDE = "辖区外"
SELECTION = "county"
_COUNTIES, _NAMES, _SIGNS = "@counties", "@names", "@signs"  # places kept for rows
Look = Literal["light", "dark"]
# Cividis from pale to deep on the light page, from deep to bright on the dark one: told apart by lightness alone, so
# readable whatever colours an eye tells apart. Nought stands aside.
_STEPS: Mapping[Look, tuple[str, ...]] = {
    "light": ("#f2e59a", "#d3be66", "#9c9472", "#5d6474", "#17335f"),
    "dark": ("#3c5488", "#6b7189", "#9a937c", "#cdbb68", "#fee94f"),
}
_NOUGHT: Mapping[Look, str] = {"light": "#eef1f5", "dark": "#232e42"}
_NONE: Mapping[Look, str] = {"light": "#c3c8d1", "dark": "#4a5568"}
_AWAY: Mapping[Look, str] = {"light": "#fafafa", "dark": "#151c29"}
_TIERS = ("#f0b429", "#b91c1c")
_SIGHT: Mapping[Look, tuple[str, ...]] = {
    "light": ("#dbe7f3", "#e0b94f", "#5b3a8c"),
    "dark": ("#2a4263", "#c99a2e", "#b79ae6"),
}
_LINES: Mapping[Look, tuple[str, str]] = {"light": ("#9aa3af", "#374151"), "dark": ("#0b111c", "#cbd5e1")}
_INK: Mapping[Look, tuple[str, str]] = {"light": ("#111827", "#ffffff"), "dark": ("#f8fafc", "#0b111c")}
# A second sign beside the colour.
MARKS: Mapping[Layer, Mapping[str, str]] = {
    "聚集": {"预警": "▲", "关注": "●"},
    "可见度": {"盲区": "×"},
    "每万人率": {layers.NO_PEOPLE: "缺"},
}


def colours(layer: Layer, look: Look) -> dict[str, str]:
    """Class name → colour, in the order of the legend; ``辖区外`` is not among them."""
    names = layers.classes(layer)
    if layer == "聚集":
        return dict(zip(names, (_NOUGHT[look], *_TIERS), strict=True))
    if layer == "可见度":
        return dict(zip(names, (*_SIGHT[look], _NONE[look]), strict=True))
    steps = (_NOUGHT[look], *_STEPS[look])
    return dict(zip(names, steps + (_NONE[look],) * (len(names) - len(steps)), strict=True))


def spec(
    rows: Sequence[CountyRow], layer: Layer, *, focus: str, look: Look, version: str, height: int
) -> dict[str, Any]:
    """The map of the province, or of the prefecture ``focus``; counties that are not in ``rows`` are 辖区外."""
    values = {
        _COUNTIES: _values(rows, layer, focus),
        _NAMES: _labels(focus),
        _SIGNS: _signs(rows, layer, focus),
    }
    filled: dict[str, Any] = _filled(_frame(layer, focus, look, version, height), values)
    return filled


def _filled(part: Any, values: Mapping[str, Sequence[Mapping[str, object]]]) -> Any:
    """The specification with the rows in the places kept for them: checked by Altair, they cost a third of a second."""
    if isinstance(part, Mapping):
        if (name := part.get("name")) in values and len(part) == 1:
            return {"values": values[name]}
        return {key: _filled(one, values) for key, one in part.items()}
    return [_filled(one, values) for one in part] if isinstance(part, list) else part


@lru_cache(maxsize=128)
def _frame(layer: Layer, focus: str, look: Look, version: str, height: int) -> dict[str, Any]:
    told = colours(layer, look)
    data = alt.UrlData(url=f"{ADDRESS}?v={version}", format=alt.TopoDataFormat(type="topojson", feature="county"))
    selection = alt.selection_point(name=SELECTION, fields=["adcode"], on="click", toggle=False, empty=False)
    thin, thick = _LINES[look]
    counties = (
        alt.Chart(data)
        .mark_geoshape(cursor="pointer")
        .transform_calculate(adcode="datum.properties.adcode", pref_code="datum.properties.pref_code")
        .transform_filter(f"datum.pref_code == '{focus}'" if focus else "true")
        .transform_lookup(
            lookup="adcode",
            from_=alt.LookupData(
                alt.NamedData(_COUNTIES), "adcode", ["place", "class", "figure", "week", "events", "cases", "sight"]
            ),
        )
        .encode(
            color=alt.Color(
                field="class",
                type="nominal",
                scale=alt.Scale(domain=[*told, OUTSIDE], range=[*told.values(), _AWAY[look]]),
                legend=None,
            ),
            stroke=alt.condition(selection, alt.value("#dc2626"), alt.value(thin)),
            strokeWidth=alt.condition(selection, alt.value(2.5), alt.value(0.5)),
            tooltip=[
                alt.Tooltip(field="place", type="nominal", title="地区"),
                alt.Tooltip(field="figure", type="nominal", title=layer),
                alt.Tooltip(field="week", type="nominal", title="近 7 天"),
                alt.Tooltip(field="events", type="nominal", title=f"近 {layers.RATE_DAYS} 天"),
                alt.Tooltip(field="cases", type="nominal", title="未结案件"),
                alt.Tooltip(field="sight", type="nominal", title="可见度"),
            ],
        )
        .add_params(selection)
    )
    parts: list[alt.Chart] = [counties]
    if not focus:
        mesh = alt.UrlData(url=f"{ADDRESS}?v={version}", format=alt.TopoDataFormat(type="topojson", mesh="pref"))
        parts.append(alt.Chart(mesh).mark_geoshape(filled=False, fill=None, stroke=thick, strokeWidth=1.2))
    ink, halo = _INK[look]
    for shown, size, shift in ((_NAMES, 11 if focus else 12, 0), (_SIGNS, 15, 14 if focus else 0)):
        for outline in (halo, ""):  # the name twice, its halo first: readable on any colour
            mark = {"stroke": halo, "strokeWidth": 2.5, "strokeJoin": "round"} if outline else {}
            parts.append(
                alt.Chart(alt.NamedData(shown))
                .mark_text(aria=False, fontSize=size, dy=shift, color=ink, fontWeight=600, **mark)
                .encode(
                    longitude=alt.Longitude(field="lon", type="quantitative"),
                    latitude=alt.Latitude(field="lat", type="quantitative"),
                    text=alt.Text(field="text", type="nominal"),
                )
            )
    chart = alt.layer(*parts).project(type="mercator").properties(height=height, width="container")
    frame: dict[str, Any] = chart.configure_view(stroke=None).to_dict()
    return frame


def clicked(event: Any) -> str:
    """The county of a click; ``""`` for one beside all of them. A click on a border can bring an empty selection."""
    found = getattr(event, "selection", {}).get(SELECTION) or [{}]
    code = found[0].get("adcode", "") if isinstance(found, list) and isinstance(found[0], Mapping) else ""
    return str(code or "")


def _values(rows: Sequence[CountyRow], layer: Layer, focus: str) -> list[dict[str, str]]:
    known = {row.code: row for row in rows}
    names = layers.classes(layer)
    found = []
    for county in divisions.counties():
        if focus and county.code[:4] != focus[:4]:
            continue
        row = known.get(county.code)
        place = divisions.full_name(county.code)
        if row is None:
            found.append({"adcode": county.code, "place": place, "class": OUTSIDE, "figure": OUTSIDE})
            continue
        found.append(
            {
                "adcode": county.code,
                "place": place,
                "class": names[layers.class_of(layer, row)],
                "figure": row.sentence or layers.words_of(layer, row)
                if layer == "聚集"
                else layers.words_of(layer, row),
                "week": f"{row.week} 起",
                "events": f"{row.events} 起",
                "cases": f"{row.open_cases} 件",
                "sight": row.sight,
            }
        )
    return found


def _labels(focus: str) -> list[dict[str, object]]:
    """Names of the prefectures, each at the county nearest to its middle, or of the counties of one."""
    centres = shapes.centres()
    if focus:
        return [
            {"lon": lon, "lat": lat, "text": divisions.bare_name(code)}
            for code, (lon, lat) in centres.items()
            if code[:4] == focus[:4]
        ]
    members: dict[str, list[str]] = defaultdict(list)
    for code in centres:
        members[code[:4]].append(code)
    found = []
    for stem, codes in members.items():
        lon = sum(centres[code][0] for code in codes) / len(codes)
        lat = sum(centres[code][1] for code in codes) / len(codes)
        at = min((centres[code] for code in codes), key=lambda one: (one[0] - lon) ** 2 + (one[1] - lat) ** 2)
        found.append({"lon": at[0], "lat": at[1], "text": divisions.bare_name(f"{stem}00")})
    return found


def _signs(rows: Sequence[CountyRow], layer: Layer, focus: str) -> list[dict[str, object]]:
    signs, names, centres = MARKS.get(layer, {}), layers.classes(layer), shapes.centres()
    found = []
    for row in rows:
        sign = signs.get(names[layers.class_of(layer, row)], "")
        if sign and (not focus or row.code[:4] == focus[:4]):
            lon, lat = centres[row.code]
            found.append({"lon": lon, "lat": lat, "text": sign})
    return found
