"""What is asked of the catalog. The catalog's name is the only thing that differs between tenants."""

from __future__ import annotations

from loggia_dash import Statement, statement, table

from .view import View

BOUGHT = """
WITH chosen AS (
    SELECT purchased_on, customer_id, units, amount_cents FROM {purchases} WHERE purchased_on >= :first AND purchased_on < :end
), bought AS (
    SELECT customer_id, count(*) AS orders, sum(amount_cents) AS cents, min(purchased_on) AS first_on, max(purchased_on) AS last_on
    FROM chosen GROUP BY customer_id HAVING count(*) >= :least AND count(*) <= :most
)
"""
NUMBERS = BOUGHT + "SELECT count(*), coalesce(sum(cents), 0), coalesce(sum(orders > 1), 0) FROM bought"
MONTHS = BOUGHT + """
SELECT substr(purchased_on, 1, 7) AS month,
       coalesce(sum(CASE WHEN purchased_on = first_on THEN amount_cents END), 0),
       coalesce(sum(CASE WHEN purchased_on > first_on THEN amount_cents END), 0)
FROM chosen JOIN bought USING (customer_id) GROUP BY month ORDER BY month
"""
TOP = BOUGHT + "SELECT customer_id, first_on, last_on, orders, cents FROM bought ORDER BY cents DESC, customer_id LIMIT :top"
LATEST = "SELECT max(purchased_on) FROM {purchases}"

MANY = 1_000_000_000
ORDERS = {"all": (1, MANY), "once": (1, 1), "again": (2, MANY)}


def about(template: str, catalog: str, view: View, **more: int) -> Statement:
    """One of the questions above, for what the page shows."""
    least, most = ORDERS[view.kind]
    first, end = view.first.isoformat() if view.first else "0001-01-01", view.end.isoformat() if view.end else "9999-12-31"
    return statement(template, {"purchases": table("purchases", within=catalog)}, first=first, end=end, least=least, most=most, **more)


def latest(catalog: str) -> Statement:
    """The last day with a purchase."""
    return statement(LATEST, {"purchases": table("purchases", within=catalog)})
