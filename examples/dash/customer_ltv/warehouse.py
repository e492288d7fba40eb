"""The warehouse, in which every tenant has a catalog: here SQLite, a file for each."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import loggia_dash
from loggia_dash import Statement


def folder() -> Path:
    """Where the catalogs lie."""
    told = os.environ.get("LTV_WAREHOUSE")
    return Path(told) if told else Path(__file__).parents[3] / "target" / "dash-warehouse"


def rows(catalog: str, asked: Statement) -> list[tuple[Any, ...]]:
    """What a catalog answers. No other catalog is within reach of the connection, whatever the statement names."""
    file = folder() / f"{loggia_dash.identifier(catalog)}.db"
    with closing(sqlite3.connect(":memory:", uri=True)) as connection:
        try:
            connection.execute(f'ATTACH ? AS "{catalog}"', [f"file:{file}?mode=ro"])
        except sqlite3.OperationalError as failure:
            raise loggia_dash.Refused(503, "catalog_unavailable", f"the catalog {catalog} cannot be opened: {failure}") from None
        connection.execute("PRAGMA query_only = ON")
        return connection.execute(asked.text, dict(asked.values)).fetchall()
