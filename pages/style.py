"""The style sheet of every page. Colours come from the theme (.streamlit/config.toml), so light and dark both work."""

from __future__ import annotations

# Level colours: (on light, on dark). Text on them is white; both keep a contrast of 4.5 against it or the page.
LEVEL_COLOURS = {
    "red": ("#c81e1e", "#f05252"),
    "orange": ("#c2410c", "#fb923c"),
    "yellow": ("#a16207", "#facc15"),
    "blue": ("#1d4ed8", "#60a5fa"),
    "grey": ("#52525b", "#a1a1aa"),
}

PAGE = """
/* Streamlit's own running-man and connection notes are English; the heartbeat strip says both in Chinese. */
[data-testid="stStatusWidget"], [data-testid="stDecoration"] { display: none; }
/* A refresh every few seconds must not fade what is on the screen. */
[data-testid="stMainBlockContainer"] { padding-left: 1.6rem; padding-right: 1.6rem; }
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
.st-key-demo-banner { border-color: #d97706; background: rgba(217, 119, 6, .12); padding: .35rem .9rem; }
.st-key-demo-banner p { margin: 0; }
.dossier { font-size: .95rem; line-height: 1.65; overflow-wrap: anywhere; }
.dossier h3 { font-size: 1.15rem; margin: .2rem 0 .6rem; padding: 0; line-height: 1.45; }
.dossier .tags { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: .7rem; }
.dossier .tag { border-radius: .4rem; padding: .05rem .5rem; font-size: .82rem; border: 1px solid currentColor; }
.dossier .tag.red { background: #c81e1e; color: #fff; border-color: #c81e1e; }
.dossier .tag.orange { background: #c2410c; color: #fff; border-color: #c2410c; }
.dossier .tag.yellow { background: #a16207; color: #fff; border-color: #a16207; }
.dossier .tag.blue { background: #1d4ed8; color: #fff; border-color: #1d4ed8; }
.dossier .tag.grey { background: #52525b; color: #fff; border-color: #52525b; }
.dossier dl { display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: .25rem .9rem; margin: 0; }
.dossier dt { opacity: .68; } .dossier dd { margin: 0; font-variant-numeric: tabular-nums; }
@media (max-width: 700px) { .dossier dl { grid-template-columns: max-content 1fr; } }
.dossier .late { color: #dc2626; font-weight: 600; }
.dossier table { border-collapse: collapse; width: 100%; margin: .3rem 0 .8rem; }
.dossier th, .dossier td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid rgba(128,128,128,.28); }
.dossier th { opacity: .68; font-weight: 500; } .dossier td.n { text-align: right; font-variant-numeric: tabular-nums; }
.dossier .muted { opacity: .68; font-size: .86rem; }
.dossier details { border: 1px solid rgba(128,128,128,.28); border-radius: .5rem; padding: .5rem .8rem;
  margin: 0 0 .6rem; }
.dossier summary { cursor: pointer; font-weight: 600; }
.dossier .text { white-space: pre-wrap; margin: .5rem 0; max-height: 22rem; overflow: auto; }
.dossier ol.line { list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: 2px solid rgba(128,128,128,.35); }
.dossier ol.line li { position: relative; padding: 0 0 .65rem .3rem; margin: 0; }
.dossier ol.line li::before { content: ""; position: absolute; left: -1.42rem; top: .5rem; width: .7rem; height: .7rem;
  border-radius: 50%; background: #71717a; }
.dossier ol.line li.seen::before { background: #0d9488; } .dossier ol.line li.alert::before { background: #dc2626; }
.dossier ol.line li.person::before { background: #2563eb; }
.dossier time { font-variant-numeric: tabular-nums; opacity: .75; margin-right: .6rem; }
.dossier mark { color: inherit; border-radius: .2rem; padding: 0 .1rem; background: rgba(220, 38, 38, .22); }
.dossier mark.place { background: rgba(37, 99, 235, .22); }
.dossier mark.workers, .dossier mark.amount, .dossier mark.employer { background: rgba(13, 148, 136, .24); }
.dossier mark.stance, .dossier mark.sentiment { background: rgba(124, 58, 237, .22); }
.dossier mark.context { background: rgba(113, 113, 122, .3); text-decoration: line-through; }
.dossier .key mark { margin-right: .5rem; padding: 0 .35rem; }
"""
