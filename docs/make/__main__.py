"""Writes the pages."""

from docs.make import PAGES, REFERENCE

for name, made in PAGES.items():
    (REFERENCE / name).write_text(made(), encoding="utf-8")
