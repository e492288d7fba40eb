"""The app itself: `server` is what gunicorn serves.

Whose data it shows comes from Loggia's token. Without one, which LOGGIA_DASH_REQUIRED=false allows, it takes its own old way:
the catalog that its environment names (LTV_CATALOG), for everybody who reaches it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime

from dash import Dash, Input, Output, State, dash_table, dcc, html
from flask import Flask

import loggia_dash

from . import questions, view
from .warehouse import rows

TICK_MS = int(os.environ.get("LTV_TICK_MS", "5000"))
TOP = 100
# As the page around it.
PLAIN = {"backgroundColor": "transparent", "color": "inherit", "fontFamily": "system-ui, 'DejaVu Sans', sans-serif", "border": "0"}

server = loggia_dash.install(Flask(__name__), audience=os.environ.get("LOGGIA_DASH_AUDIENCE", "dash:customer-ltv"))
app = Dash(__name__, server=server, health_endpoint="_health", title="Customer lifetime value", update_title=None)
app.index_string = app.index_string.replace("<html>", '<html lang="en">')


def whose() -> tuple[str, str]:
    """Whose data the page shows, and in which catalog it lies."""
    claims = loggia_dash.claims()
    if claims is not None:
        return " ".join(word.capitalize() for word in claims["tenant"].split("-")), loggia_dash.catalog()
    return os.environ.get("LTV_TENANT", "All customers"), loggia_dash.identifier(os.environ.get("LTV_CATALOG", ""))


def number(id: str, words: str) -> html.Div:
    return html.Div([html.Dt(words), html.Dd("…", id=id)])


app.layout = html.Div(
    [
        dcc.Location(id="url"),
        dcc.Interval(id="tick", interval=TICK_MS),
        html.Header(
            [
                html.H1("…", id="heading"),
                html.Label([html.Span("Customers"), dcc.Dropdown(view.KINDS, "all", id="customers", clearable=False, searchable=False)]),
            ]
        ),
        html.Div(id="notices", role="status"),
        html.Dl(
            [
                number("customer-count", "Customers"),
                number("average-value", "Average lifetime value"),
                number("revenue", "Revenue"),
                number("came-back", "Came back"),
            ]
        ),
        html.H2("Revenue by month"),
        dcc.Graph(id="months", config={"displaylogo": False}, className="graph"),
        html.H2("Best customers"),
        dash_table.DataTable(
            id="top",
            columns=[
                {"id": "customer", "name": "Customer"},
                {"id": "first", "name": "First order"},
                {"id": "last", "name": "Last order"},
                {"id": "orders", "name": "Orders", "type": "numeric"},
                {"id": "value", "name": "Lifetime value", "type": "numeric", "format": {"specifier": "$,.2f"}},
            ],
            page_size=10,
            sort_action="native",
            export_format="csv",
            export_headers="display",
            cell_selectable=False,
            style_as_list_view=True,
            style_cell=PLAIN,
            style_header={"fontWeight": "600"},
            style_cell_conditional=[{"if": {"column_id": name}, "textAlign": "left"} for name in ("customer", "first", "last")],
        ),
        html.Footer([html.Span("…", id="ticks")]),
    ],
    id="page",
    className="theme-system",
)


@app.callback(Output("page", "className"), Output("customers", "value"), Output("notices", "children"), Input("url", "search"))
def open_page(search):
    asked = view.read(search, datetime.now(UTC))
    return f"theme-{asked.theme}", asked.kind, [html.P(notice) for notice in asked.notices]


@app.callback(
    Output("heading", "children"),
    Output("customer-count", "children"),
    Output("average-value", "children"),
    Output("revenue", "children"),
    Output("came-back", "children"),
    Output("months", "figure"),
    Output("top", "data"),
    Input("customers", "value"),
    State("url", "search"),
)
def show(kind, search):
    shown = view.read(search, datetime.now(UTC))
    shown = replace(shown, kind=kind if kind in view.KINDS else "all")
    tenant, catalog = whose()
    [(customers, cents, again)] = rows(catalog, questions.about(questions.NUMBERS, catalog, shown))
    months = rows(catalog, questions.about(questions.MONTHS, catalog, shown))
    top = rows(catalog, questions.about(questions.TOP, catalog, shown, top=TOP))
    return (
        f"{tenant}: customer lifetime value",
        f"{customers:,}",
        f"${cents / 100 / customers:,.2f}" if customers else "–",
        f"${cents / 100:,.2f}",
        f"{100 * again / customers:.1f} %" if customers else "–",
        figure(months),
        [{"customer": c, "first": first, "last": last, "orders": n, "value": value / 100} for c, first, last, n, value in top],
    )


@app.callback(Output("ticks", "children"), Input("tick", "n_intervals"), State("url", "search"))
def tick(count, search):
    zone = view.read(search, datetime.now(UTC)).zone
    _, catalog = whose()
    [(latest,)] = rows(catalog, questions.latest(catalog))
    return f"{catalog}, purchases up to {latest}. {count or 0} updates, the last at {datetime.now(zone):%H:%M:%S}"


def figure(months):
    """Bars, which need no WebGL. Colours come from the style sheet, so that they follow the theme."""
    names = [f"{date.fromisoformat(f'{month}-01'):%b %y}" for month, _, _ in months]
    kinds = [("first orders", [first / 100 for _, first, _ in months]), ("later orders", [later / 100 for _, _, later in months])]
    quiet = {"fixedrange": True, "zeroline": False}
    empty = {"text": "No purchases in this range", "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    return {
        "data": [{"type": "bar", "name": name, "x": names, "y": values} for name, values in kinds],
        "layout": {
            "barmode": "stack",
            "colorway": ["#2a6fdb", "#d98200"],
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 56, "r": 8, "t": 8, "b": 32},
            "height": 280,
            "legend": {"orientation": "h", "y": 1.12},
            "xaxis": {"type": "category", "showgrid": False, **quiet},
            "yaxis": {"tickprefix": "$", **quiet},
            "annotations": [] if months else [empty],
        },
    }
