"""Statements in which nothing else can be named: what is let through, and what never is."""

from __future__ import annotations

import re
import sqlite3
import string
from contextlib import closing

import pytest
from conftest import app_of, asking
from hypothesis import example, given
from hypothesis import strategies as st
from test_guard import refused

import loggia_dash
from loggia_dash import Quoted, Refused, column, identifier, statement, table

TRICKS = [
    "",
    " ",
    "a b",
    " a",
    "a ",
    "a\n",
    "\na",
    "a\r\n",
    "a\x00",
    "a;",
    "acme; DROP TABLE",
    "acme; DROP TABLE tenants",
    "acme' OR '1'='1",
    'a"b',
    'a""b',
    "a`b",
    "a.b",
    "a--",
    "a/*",
    "1a",
    "a-b",
    "ａ",
    "é",
    "a\u200b",
    "[a]",
    "a" * 256,
    None,
    7,
    b"a",
    ["a"],
]


@pytest.mark.parametrize("name", ["a", "A", "_", "kyros_acme_prod", "Purchases2", "a" * 255])
def test_an_identifier_is_let_through_unchanged(name):
    assert identifier(name) == name
    assert column(name) == f'"{name}"'
    assert table(name, within="kyros_acme_prod") == f'"kyros_acme_prod"."{name}"'
    assert table("sales", name, within="c", quote="`") == f"`c`.`sales`.`{name}`"


@pytest.mark.parametrize("name", TRICKS)
def test_invalid_identifier_rejected(name):
    """Seed story 3.2: an identifier with spaces is a 400; and everything else that is none."""
    for attempt in (identifier, column, lambda name: table(name, within="c"), lambda name: table("t", within=name) if name is not None else identifier(name)):
        with pytest.raises(Refused) as told:
            attempt(name)
        assert (told.value.code, told.value.word) == (400, "invalid_identifier")


@given(st.one_of(st.text(), st.text(alphabet=string.ascii_letters + string.digits + "_;'\"`. -\n\t\x00")))
@example("a\n")
@example("acme; DROP TABLE")
def test_injection_attempt_blocked(name):
    """Seed story 3.5: what is let through is made of letters, digits and underscores alone."""
    try:
        told = identifier(name)
    except Refused as refused:
        assert refused.code == 400
        assert not (name and len(name) < 256 and name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit())
    else:
        assert told == name and set(name) <= set(string.ascii_letters + string.digits + "_") and not name[0].isdigit()


@given(st.text(), st.text(), st.one_of(st.none(), st.integers(-(2**60), 2**60), st.text(), st.binary()))
def test_no_value_gets_into_the_text(one, other, value):
    template = "SELECT {what} FROM {where} WHERE a = :one AND b = :other AND c IS :value"
    made = statement(template, {"what": "amount", "where": table("t", within="c")}, one=one, other=other, value=value)
    assert made.text == 'SELECT "amount" FROM "c"."t" WHERE a = :one AND b = :other AND c IS :value'
    assert dict(made.values) == {"one": one, "other": other, "value": value}


@given(st.text())
def test_a_database_reads_what_was_bound_as_it_was(text):
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        return  # SQLite has no place for half a character
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        made = statement("INSERT INTO {t} VALUES (:text)", {"t": "t"}, text=text)
        connection.execute(made.text, dict(made.values))
        assert connection.execute("SELECT a FROM t").fetchall() == [(text,)]


@given(st.text())
def test_a_name_from_a_viewer_orders_by_a_column_or_not_at_all(name):
    try:
        made = statement("SELECT a FROM {t} ORDER BY {by}", {"t": table("t", within="c"), "by": name})
    except Refused as refused:
        assert refused.code == 400
    else:
        assert re.fullmatch(r'SELECT a FROM "c"\."t" ORDER BY "[A-Za-z_][A-Za-z0-9_]*"', made.text)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, object(), ("a", "b"), {1}])
def test_a_value_that_cannot_be_bound(value):
    with pytest.raises(Refused) as told:
        statement("SELECT :a", a=value)
    assert (told.value.code, told.value.word) == (400, "invalid_value")


@pytest.mark.parametrize(
    ("template", "names", "values"),
    [
        ("SELECT {a}", {}, {}),
        ("SELECT 1", {"a": "b"}, {}),
        ("SELECT :a", {}, {}),
        ("SELECT 1", {}, {"a": 1}),
        ("SELECT {a.b}", {"a": "b"}, {}),
        ("SELECT {a!r}", {"a": "b"}, {}),
        ("SELECT {}", {"": "b"}, {}),
        ("SELECT {0}", {}, {}),
        ("SELECT {{a}}", {"a": "b"}, {}),
        ("SELECT {a", {}, {}),
    ],
)
def test_a_template_that_does_not_fit_is_the_authors_mistake(template, names, values):
    with pytest.raises(ValueError, match="places"):
        statement(template, names, **values)


def test_casts_and_times_are_no_values():
    assert statement("SELECT a::text, '12:30' FROM {t} WHERE b = :b", {"t": "t"}, b=1).values == {"b": 1}


def test_a_name_cannot_pass_for_a_checked_one():
    assert statement("SELECT {a}", {"a": Quoted('"a"')}).text == 'SELECT "a"'
    for text in ('"a"', '"a" --', "a, b"):
        with pytest.raises(Refused):
            statement("SELECT {a}", {"a": text})
    with pytest.raises(ValueError, match="quoted"):
        table("a", within="c", quote="")
    with pytest.raises(ValueError, match="name"):
        table(within="c")


def test_what_was_made_cannot_be_changed():
    made = statement("SELECT :a", a=1)
    with pytest.raises(TypeError):
        made.values["a"] = 2
    with pytest.raises(AttributeError):
        made.text = "DROP TABLE t"


# ── as callbacks meet it ──


def test_catalog_comes_from_token(loggia):
    client = app_of(loggia)
    client.application.add_url_rule("/sql", view_func=lambda: statement("SELECT 1 FROM {t}", {"t": table("sales", "purchases")}).text)
    assert asking(client, loggia.token(), "/sql").text == 'SELECT 1 FROM "kyros_acme_prod"."sales"."purchases"'
    assert asking(client, loggia.token("global-retail"), "/sql").text == 'SELECT 1 FROM "kyros_retail_prod"."sales"."purchases"'


def test_identifier_injection_blocked(loggia, caplog):
    """Seed story 5.2: rejected with 400, and logged."""
    from flask import request

    client = app_of(loggia)
    client.application.add_url_rule("/by", view_func=lambda: statement("SELECT 1 ORDER BY {by}", {"by": request.args["by"]}).text)
    assert asking(client, loggia.token(), "/by?by=amount").text == 'SELECT 1 ORDER BY "amount"'
    refused(asking(client, loggia.token(), "/by?by=acme; DROP TABLE tenants"), 400, "invalid_identifier")
    assert "acme; DROP TABLE tenants" in caplog.text
    refused(asking(client, loggia.token(), "/by?by=a%0a"), 400, "invalid_identifier")


def test_a_line_in_the_log_stays_one_line(loggia, caplog):
    with pytest.raises(Refused):
        identifier("a\nWARNING forged")
    assert len([record for record in caplog.records if record.name == loggia_dash.log.name]) == 1
    assert "\nWARNING" not in caplog.records[0].getMessage()
