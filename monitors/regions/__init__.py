"""Divisions of Yunnan and the resolver that turns a text into one of them (区划与地名)."""
