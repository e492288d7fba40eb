"""The app customer-ltv as gunicorn serves it: over a real socket, with real tokens, against numbers counted from the data."""

from __future__ import annotations

import csv
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import AUDIENCE, Authority

HERE = Path(__file__).parents[1]
SOURCE = HERE.parents[1] / "src" / "demo" / "data" / "cdnow.csv.gz"
LAST_DAY = date(1998, 6, 30)


class Served:
    """The app on a port of loopback."""

    def __init__(self, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.settings = settings
        self.process: subprocess.Popen[str] | None = None

    def start(self, wait: bool = True) -> Served:
        known = {name: value for name, value in os.environ.items() if not name.startswith(("LOGGIA_", "LTV_", "DASH_"))}
        prefix = {"DASH_REQUESTS_PATHNAME_PREFIX": "/dash/customer-ltv/", "PYTHONUNBUFFERED": "1", "PORT": str(self.port)}
        command = [Path(sys.executable).with_name("gunicorn"), "--config", "gunicorn.conf.py", "customer_ltv.app:server"]
        self.process = subprocess.Popen(
            command, cwd=HERE, env=known | prefix | self.settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, process_group=0,
        )
        if wait:
            for _ in range(240):
                if self.process.poll() is not None:
                    pytest.fail(f"gunicorn ended:\n{self.process.stdout.read()}")
                try:
                    if self.ask("/_health")[0] == 200:
                        return self
                except OSError:
                    time.sleep(0.1)
            pytest.fail("gunicorn did not come up")
        return self

    def listens(self) -> None:
        """Waits until somebody takes connections."""
        for _ in range(240):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        pytest.fail("nobody listens")

    def stop(self, how: int = signal.SIGTERM) -> str:
        os.killpg(self.process.pid, how)
        return self.process.communicate(timeout=20)[0]

    def ask(self, path: str, token: str | None = None, body: object = None, headers: list[tuple[str, str]] = ()) -> tuple[int, dict, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest("GET" if body is None else "POST", path)
            for name, value in [*([("Authorization", f"Bearer {token}")] if token else []), *headers]:
                connection.putheader(name, value)
            sent = b"" if body is None else json.dumps(body).encode()
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(len(sent)))
            connection.endheaders(sent)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def callback(self, first_output: str, token: str | None = None, **values: object) -> tuple[int, dict]:
        """Calls a callback as Dash's own script does; `values` are the inputs and states by the component's id."""
        dependencies = json.loads(self.ask("/_dash-dependencies", token)[2])
        found = next(one for one in dependencies if first_output in one["output"])
        names = [one.split(".") for one in found["output"].strip(".").split("...")]
        outputs = [{"id": id, "property": prop} for id, prop in names]

        def filled(kind: str) -> list[dict]:
            return [{**one, "value": values.get(one["id"])} for one in found[kind]]

        body = {
            "output": found["output"],
            "outputs": outputs if len(outputs) > 1 or found["output"].startswith("..") else outputs[0],
            "inputs": filled("inputs"),
            "state": filled("state"),
            "changedPropIds": [f"{one['id']}.{one['property']}" for one in found["inputs"]],
        }
        status, _, told = self.ask("/_dash-update-component", token, body)
        return status, json.loads(told)["response"] if status == 200 else json.loads(told)


def counted(catalog: str, kind: str = "all", months: int | None = None) -> dict[str, str]:
    """The numbers of the page, counted from the file without any SQL."""
    customers: dict[str, list[tuple[date, int]]] = defaultdict(list)
    with gzip.open(SOURCE, "rt") as file:
        for row in csv.DictReader(file):
            customers[row["customer_id"]].append((date.fromisoformat(row["purchased_on"]), round(Decimal(row["amount_usd"]) * 100)))
    large = catalog == "kyros_acme_prod"
    ours = [orders for orders in customers.values() if (orders[0][1] >= 4000) == large]
    if months is not None:
        since = LAST_DAY - timedelta(days=months)
        ours = [kept for orders in ours if (kept := [order for order in orders if order[0] >= since])]
    ours = [orders for orders in ours if {"all": True, "once": len(orders) == 1, "again": len(orders) > 1}[kind]]
    cents = sum(amount for orders in ours for _, amount in orders)
    again = sum(len(orders) > 1 for orders in ours)
    return {
        "customer-count": f"{len(ours):,}",
        "average-value": f"${cents / 100 / len(ours):,.2f}",
        "revenue": f"${cents / 100:,.2f}",
        "came-back": f"{100 * again / len(ours):.1f} %",
    }


def shown(told: dict) -> dict[str, str]:
    return {id: told[id]["children"] for id in ("customer-count", "average-value", "revenue", "came-back")}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("warehouse")
    subprocess.run([sys.executable, "-m", "customer_ltv.build"], cwd=HERE, check=True, env=os.environ | {"LTV_WAREHOUSE": str(folder)})
    return folder


@pytest.fixture(scope="module")
def authority(keys):
    authority = Authority(keys)
    yield authority
    authority.stop()


@pytest.fixture(scope="module")
def app(authority, warehouse):
    served = Served(LOGGIA_DASH_ISSUER=authority.url, LTV_WAREHOUSE=str(warehouse)).start()
    yield served
    served.stop()


@pytest.mark.parametrize(("tenant", "catalog", "name"), [("acme-corp", "kyros_acme_prod", "Acme Corp"), ("global-retail", "kyros_retail_prod", "Global Retail")])
@pytest.mark.parametrize("kind", ["all", "once", "again"])
def test_each_tenant_queries_its_own_catalog(app, authority, tenant, catalog, name, kind):
    """Seed 000, phase 3: Tenant A user queries dashboard; Tenant B user queries dashboard."""
    status, told = app.callback("heading.children", authority.token(tenant), customers=kind, url="")
    assert status == 200
    assert told["heading"]["children"] == f"{name}: customer lifetime value"
    assert shown(told) == counted(catalog, kind)
    assert len(told["top"]["data"]) == 100
    _, told = app.callback("ticks.children", authority.token(tenant), tick=7, url="")
    assert told["ticks"]["children"].startswith(f"{catalog}, purchases up to {datetime.now(UTC).date()}. 7 updates")


def test_results_differ_between_tenants():
    assert not set(counted("kyros_acme_prod").values()) & set(counted("kyros_retail_prod").values())


def test_the_graph_adds_up_and_needs_no_webgl(app, authority):
    _, told = app.callback("heading.children", authority.token(), customers="all", url="")
    figure = told["months"]["figure"]
    assert {trace["type"] for trace in figure["data"]} == {"bar"}
    drawn = sum(Decimal(str(value)) for trace in figure["data"] for value in trace["y"])
    assert f"${drawn:,.2f}" == counted("kyros_acme_prod")["revenue"]


def test_a_range_is_followed(app, authority):
    today = datetime.now(UTC).date()
    search = f"?from={today - timedelta(days=90)}&to=now%2B1d"
    _, told = app.callback("heading.children", authority.token(), customers="all", url=search)
    assert shown(told) == counted("kyros_acme_prod", months=90)
    _, told = app.callback("heading.children", authority.token(), customers="all", url="?from=2001-01-01&to=2001-02-01")
    assert shown(told) == {"customer-count": "0", "average-value": "–", "revenue": "$0.00", "came-back": "–"}
    assert told["months"]["figure"]["layout"]["annotations"][0]["text"] == "No purchases in this range"


def test_a_filter_that_is_made_up_shows_all(app, authority):
    for kind in ("x'; DROP TABLE purchases; --", None, 7):
        status, told = app.callback("heading.children", authority.token(), customers=kind, url="")
        assert status == 200 and shown(told) == counted("kyros_acme_prod")


def test_the_address_opens_the_page(app, authority):
    _, told = app.callback("page.className", authority.token(), url="?theme=dark&var-customers=again&tz=Nowhere")
    assert told["page"]["className"] == "theme-dark" and told["customers"]["value"] == "again"
    assert "Nowhere" in json.dumps(told["notices"])


def test_two_tenants_in_many_threads_do_not_mix(app, authority):
    tokens = {name: authority.token(name) for name in ("acme-corp", "global-retail")}
    names = {"acme-corp": "kyros_acme_prod", "global-retail": "kyros_retail_prod"}

    def ask(n):
        tenant = ("acme-corp", "global-retail")[n % 2]
        _, told = app.callback("ticks.children", tokens[tenant], tick=n, url="")
        return told["ticks"]["children"].startswith(f"{names[tenant]}, ") and f" {n} updates" in told["ticks"]["children"]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(120)))


def test_nothing_of_dash_is_answered_without_a_token(app):
    paths = ["/", "/_dash-layout", "/_dash-dependencies", "/assets/app.css", "/_dash-component-suites/dash/dcc/dash_core_components.js", "/_favicon.ico", "/x"]
    for path in paths:
        status, headers, told = app.ask(path)
        assert (status, json.loads(told)["error"], headers["WWW-Authenticate"]) == (401, "token_required", "Bearer"), path
    assert app.ask("/_dash-update-component", body={})[0] == 401


def test_the_page_says_its_language_and_its_prefix(app, authority):
    status, _, told = app.ask("/", authority.token())
    assert status == 200 and b'<html lang="en">' in told and b"/dash/customer-ltv/_dash-component-suites/" in told


def test_two_authorization_headers(app, authority):
    token = authority.token()
    assert app.ask("/_dash-layout", token)[0] == 200
    assert app.ask("/_dash-layout", token, headers=[("Authorization", f"Bearer {token}")])[0] == 401
    assert app.ask("/_dash-layout", token, headers=[("Authorization", "Basic YTpi")])[0] == 401


def test_no_header_moves_the_request_elsewhere(app, authority):
    token = authority.token()
    for name in ("SCRIPT_NAME", "Script-Name", "PATH_INFO", "X-Forwarded-Prefix"):
        status, _, told = app.ask("/_dash-layout", token, headers=[(name, "/_dash-layout")])
        assert status == 200 and told.startswith(b'{"props"'), name


def test_a_correlation_id_is_taken_over(app, authority):
    asked = "0b5c8f5e-1111-4222-8333-444455556666"
    status, headers, _ = app.ask("/_dash-layout", authority.token(), headers=[("X-Request-Id", asked)])
    assert (status, headers["X-Correlation-Id"]) == (200, asked)


def test_a_connection_stays_open_while_nothing_is_asked(app, authority):
    """Loggia's pool keeps connections longer than gunicorn would by itself (2 s)."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=10)
    token = {"Authorization": f"Bearer {authority.token()}"}
    for pause in (0, 3.0):
        time.sleep(pause)
        connection.request("GET", "/_dash-layout", headers=token)
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"{")
        if pause == 0:
            kept = connection.sock
    assert connection.sock is kept
    connection.close()


def test_the_first_requests_after_a_start_find_everything(authority, warehouse):
    """Threads that race for Dash's set-up got 500 for its bundles (plotly/dash#3971)."""
    bundles = ["/_dash-component-suites/dash/dash_table/async-table.js", "/_dash-component-suites/dash/dcc/dash_core_components.js"]
    for _ in range(3):
        served = Served(LOGGIA_DASH_ISSUER=authority.url, LTV_WAREHOUSE=str(warehouse)).start(wait=False)
        try:
            served.listens()  # it is asked for nothing before the page itself comes
            token = authority.token()
            with ThreadPoolExecutor(16) as pool:
                assert set(pool.map(lambda n: served.ask(bundles[n % 2], token)[0], range(48))) == {200}
        finally:
            told = served.stop()
        assert "Traceback" not in told, told


def test_killed_and_started_again_on_its_port(authority, warehouse):
    served = Served(LOGGIA_DASH_ISSUER=authority.url, LTV_WAREHOUSE=str(warehouse)).start()
    served.stop(signal.SIGKILL)
    with pytest.raises(OSError):
        served.ask("/_health")
    served.start()
    assert served.ask("/_dash-layout", authority.token())[0] == 200
    served.stop()


def test_the_legacy_flow_takes_its_catalog_from_its_environment(authority, warehouse):
    """Seed 000, phase 1: User accesses dashboard without JWT."""
    served = Served(LOGGIA_DASH_REQUIRED="false", LTV_CATALOG="kyros_retail_prod", LTV_TENANT="Retail", LTV_WAREHOUSE=str(warehouse)).start()
    try:
        status, told = served.callback("heading.children", customers="all", url="")
        assert status == 200 and told["heading"]["children"] == "Retail: customer lifetime value"
        assert shown(told) == counted("kyros_retail_prod")
        assert served.ask("/_dash-layout", authority.token())[0] == 401, "nobody is there to verify a token"
    finally:
        served.stop()


def test_an_optional_token_decides_where_it_comes(authority, warehouse):
    """Seed 000, phase 1: the Dash app should parse the JWT if provided."""
    served = Served(LOGGIA_DASH_REQUIRED="false", LOGGIA_DASH_ISSUER=authority.url, LTV_CATALOG="kyros_retail_prod", LTV_WAREHOUSE=str(warehouse)).start()
    try:
        assert shown(served.callback("heading.children", authority.token(), customers="all", url="")[1]) == counted("kyros_acme_prod")
        assert shown(served.callback("heading.children", customers="all", url="")[1]) == counted("kyros_retail_prod")
        assert served.ask("/_dash-layout", authority.token(aud="dash:other"))[0] == 401
    finally:
        served.stop()


def test_a_path_of_its_own_is_possible_too(authority, warehouse):
    """Without strip_prefix: the app lies under its prefix itself."""
    prefix = "/dash/customer-ltv/"
    served = Served(LOGGIA_DASH_ISSUER=authority.url, DASH_ROUTES_PATHNAME_PREFIX=prefix, LTV_WAREHOUSE=str(warehouse)).start(wait=False)
    try:
        for _ in range(150):
            try:
                if served.ask(f"{prefix}_health")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        assert served.ask(f"{prefix}_dash-layout", authority.token())[0] == 200
        assert served.ask(f"{prefix}_dash-layout")[0] == 401
    finally:
        served.stop()


def test_a_catalog_that_is_not_there_names_nothing(app, authority):
    status, told = app.callback("heading.children", authority.token(uc_catalog="kyros_other_prod"), customers="all", url="")
    assert status == 503 and told["error"] == "catalog_unavailable" and set(told) == {"error", "correlation_id"}


def test_without_an_issuer_the_app_does_not_start(warehouse):
    served = Served(LTV_WAREHOUSE=str(warehouse)).start(wait=False)
    told = served.process.communicate(timeout=30)[0]
    assert served.process.returncode != 0 and "LOGGIA_DASH_ISSUER" in told


def test_what_gunicorn_writes_has_no_token(authority, warehouse):
    settings = {"LOGGIA_DASH_ISSUER": authority.url, "LTV_WAREHOUSE": str(warehouse), "GUNICORN_CMD_ARGS": "--access-logfile -"}
    served = Served(**settings).start()
    tokens = [authority.token(), authority.token(aud="dash:other"), authority.token(uc_catalog="a b")]
    for token in tokens:
        served.ask(f"/_dash-layout?secret={token}", token)
    told = served.stop()
    assert "GET /_dash-layout" in told and "refused with 401" in told and "refused with 403" in told
    for token in tokens:
        assert token.split(".")[1] not in told and token.split(".")[2] not in told
    assert AUDIENCE == "dash:customer-ltv"
