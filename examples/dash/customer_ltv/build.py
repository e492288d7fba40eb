"""Makes the warehouse: one SQLite file a catalog, from the purchases that the repository carries.

    python -m customer_ltv.build

The purchases are moved by whole days so that the last ones are of today. Customers whose first order came to $40 or more are
Acme Corp's, the others Global Retail's: those two groups spend very differently.
"""

from __future__ import annotations

import csv
import gzip
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from .warehouse import folder

SOURCE = Path(__file__).parents[3] / "src" / "demo" / "data" / "cdnow.csv.gz"
LARGE_FIRST_ORDERS, SMALL_FIRST_ORDERS = "kyros_acme_prod", "kyros_retail_prod"
SPLIT = 4000  # cents
LAST_DAY = date(1998, 6, 30)

TABLES = """
CREATE TABLE purchases (purchased_on TEXT NOT NULL, customer_id TEXT NOT NULL, units INTEGER NOT NULL, amount_cents INTEGER NOT NULL);
CREATE TABLE loaded (until TEXT NOT NULL);
"""
INDEX = "CREATE INDEX purchases_by_customer ON purchases (customer_id, purchased_on, amount_cents)"


def purchases() -> Iterator[tuple[str, date, int, int]]:
    """Customer, day, articles and cents; a customer's purchases stand together, the first one first."""
    with gzip.open(SOURCE, "rt", newline="") as file:
        for row in csv.DictReader(file):
            cents = int((Decimal(row["amount_usd"]) * 100).to_integral_exact())
            yield row["customer_id"], date.fromisoformat(row["purchased_on"]), int(row["units"]), cents


def of_catalog(catalog: str) -> Iterator[tuple[str, date, int, int]]:
    """The purchases of one catalog's customers."""
    for _, group in groupby(purchases(), key=lambda row: row[0]):
        first, *later = group
        if (first[3] >= SPLIT) == (catalog == LARGE_FIRST_ORDERS):
            yield from (first, *later)


def build(catalog: str, into: Path, today: date) -> bool:
    """Makes a catalog's file, whole or not at all; says whether there was anything to do."""
    file = into / f"{catalog}.db"
    if _loaded_until(file) == today.isoformat():
        return False
    into.mkdir(parents=True, exist_ok=True)
    beside = into / f".{catalog}.{os.getpid()}"
    beside.unlink(missing_ok=True)
    shift = today - LAST_DAY
    with closing(sqlite3.connect(beside)) as connection:
        connection.executescript(TABLES)
        rows = ((str(on + shift), customer, units, cents) for customer, on, units, cents in of_catalog(catalog))
        connection.executemany("INSERT INTO purchases VALUES (?, ?, ?, ?)", rows)
        connection.execute(INDEX)
        connection.execute("INSERT INTO loaded VALUES (?)", [today.isoformat()])
        connection.commit()
    beside.replace(file)
    return True


def _loaded_until(file: Path) -> str | None:
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT until FROM loaded").fetchone()[0]
    except sqlite3.DatabaseError:
        return None


if __name__ == "__main__":
    for catalog in (LARGE_FIRST_ORDERS, SMALL_FIRST_ORDERS):
        if build(catalog, folder(), datetime.now(UTC).date()):
            print(f"{catalog} is loaded", file=sys.stderr)
