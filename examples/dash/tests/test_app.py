"""What the app's address means, what its warehouse gives, and how it is loaded."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_ltv import build, questions, view, warehouse
from loggia_dash import Refused, Statement

NOW = datetime(2026, 4, 15, 12, 30, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "up", "means"),
    [
        ("now", False, "2026-04-15T12:30:45+00:00"),
        ("now-24h", False, "2026-04-14T12:30:45+00:00"),
        ("now-h", False, "2026-04-15T11:30:45+00:00"),
        ("now-1M", False, "2026-03-15T12:30:45+00:00"),
        ("now-18M", False, "2024-10-15T12:30:45+00:00"),
        ("now+1d", False, "2026-04-16T12:30:45+00:00"),
        ("now 1d", False, "2026-04-16T12:30:45+00:00"),
        ("now/d", False, "2026-04-15T00:00:00+00:00"),
        ("now/d", True, "2026-04-16T00:00:00+00:00"),
        ("now/w", False, "2026-04-13T00:00:00+00:00"),
        ("now/Q", True, "2026-07-01T00:00:00+00:00"),
        ("now-1M/M", False, "2026-03-01T00:00:00+00:00"),
        ("now-1M/M", True, "2026-04-01T00:00:00+00:00"),
        ("now-1y/y", False, "2025-01-01T00:00:00+00:00"),
        ("now/h", True, "2026-04-15T13:00:00+00:00"),
        ("2026-04-10", False, "2026-04-10T00:00:00+00:00"),
        ("2026-04-10T08:00", False, "2026-04-10T08:00:00+00:00"),
        ("2026-04-10T08:00:00Z", False, "2026-04-10T08:00:00+00:00"),
        ("2026-04-10T08:00:00+02:00", False, "2026-04-10T06:00:00+00:00"),
        ("2026-04-10T08:00:00 02:00", False, "2026-04-10T06:00:00+00:00"),
        ("1775779200000", False, "2026-04-10T00:00:00+00:00"),
    ],
)
def test_an_end_of_a_range(text, up, means):
    assert view.moment(text, NOW, up).isoformat() == means


@pytest.mark.parametrize("text", ["", "now-", "nowhere", "now-1x", "now-1", "now//d", "now/2d", "2026", "20260410", "tomorrow", "now-1d;", "9" * 70])
def test_an_end_that_is_none(text):
    with pytest.raises((ValueError, OverflowError)):
        view.moment(text, NOW, up=False)


def test_a_range_is_read_in_the_shown_zone():
    told = view.read("?from=now-1d/d&to=now/d&tz=Asia/Tokyo", datetime(2026, 4, 15, 20, 0, tzinfo=UTC))
    assert (told.first, told.end, told.zone) == (date(2026, 4, 15), date(2026, 4, 17), ZoneInfo("Asia/Tokyo"))


def test_todays_purchases_are_there_wherever_it_is_still_yesterday():
    for zone in ("America/New_York", "UTC", "Asia/Tokyo"):
        told = view.read(f"?from=now-18M&to=now&tz={zone}", datetime(2026, 4, 16, 2, 0, tzinfo=UTC))
        assert told.end == date(2026, 4, 17)


def test_a_day_counts_from_its_midnight():
    told = view.read("?from=now-1d&to=now", NOW)
    assert (told.first, told.end) == (date(2026, 4, 15), date(2026, 4, 16))


def test_what_is_wrong_becomes_a_notice_and_the_default():
    told = view.read("?theme=pink&from=soon&to=now&tz=Mars/Base&var-customers=x", NOW)
    assert (told.theme, told.first, told.end, told.kind, str(told.zone)) == ("system", None, None, "all", "UTC")
    assert len(told.notices) == 4 and "pink" in told.notices[2]
    assert len(view.read("?from=now&to=now-1d", NOW).notices) == 1
    assert view.read(None, NOW) == view.read("", NOW) == view.read("?other=1&loggia_frame=x", NOW) == view.View()


@given(st.text(), st.text(), st.text(), st.text())
def test_no_address_breaks_the_page(theme, start, stop, zone):
    from urllib.parse import urlencode

    told = view.read("?" + urlencode({"theme": theme, "from": start, "to": stop, "tz": zone, "var-customers": theme}), NOW)
    assert told.theme in view.THEMES and told.kind in view.KINDS
    assert told.first is None or told.end is None or told.first <= told.end


@given(st.text(alphabet="now+-/0123456789smhdwMQyTZ: ", max_size=20))
def test_no_range_breaks_the_page(text):
    view.read(f"?from=now{text}&to={text}", NOW)


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogs")
    for catalog in ("kyros_acme_prod", "kyros_retail_prod"):
        assert build.build(catalog, folder, date(2026, 4, 15))
    return folder


@pytest.fixture
def here(catalogs, monkeypatch):
    monkeypatch.setenv("LTV_WAREHOUSE", str(catalogs))


def test_every_purchase_is_in_one_catalog(here):
    counts = [warehouse.rows(catalog, Statement(f'SELECT count(*), count(DISTINCT customer_id) FROM "{catalog}".purchases'))[0] for catalog in ("kyros_acme_prod", "kyros_retail_prod")]
    assert [sum(column) for column in zip(*counts, strict=True)] == [69_659, 23_570]


def test_loading_again_has_nothing_to_do_until_tomorrow(tmp_path):
    assert build.build("kyros_acme_prod", tmp_path, date(2026, 4, 15))
    assert not build.build("kyros_acme_prod", tmp_path, date(2026, 4, 15))
    assert build.build("kyros_acme_prod", tmp_path, date(2026, 4, 16))
    (tmp_path / "kyros_acme_prod.db").write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    assert build.build("kyros_acme_prod", tmp_path, date(2026, 4, 16))
    assert [file.name for file in tmp_path.iterdir()] == ["kyros_acme_prod.db"]


def test_the_last_purchases_are_of_today(here):
    assert warehouse.rows("kyros_acme_prod", questions.latest("kyros_acme_prod")) == [("2026-04-15",)]


def test_no_other_catalog_is_within_reach(here):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        warehouse.rows("kyros_acme_prod", questions.latest("kyros_retail_prod"))


def test_nothing_can_be_written(here):
    for text in ("DELETE FROM purchases", "DROP TABLE purchases", "CREATE TABLE kyros_acme_prod.t (a)"):
        with pytest.raises(sqlite3.OperationalError, match="readonly|read-only|attempt to write"):
            warehouse.rows("kyros_acme_prod", Statement(text))


@pytest.mark.parametrize("name", ["../kyros_acme_prod", "kyros_acme_prod.db?mode=rwc", "", "a/b", "kyros_acme_prod\n"])
def test_a_catalogs_name_leads_nowhere_else(here, name):
    with pytest.raises(Refused):
        warehouse.rows(name, Statement("SELECT 1"))
