"""What docs/dash.md says of the Python side is so."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import app_of, asking

import loggia_dash

HERE = Path(__file__).parents[1]
PAGE = (HERE.parents[1] / "docs" / "dash.md").read_text()
SOURCE = (HERE / "loggia_dash.py").read_text()


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_piece_of_python_is_python():
    pieces = fenced("python")
    assert len(pieces) >= 4
    for piece in pieces:
        compile(piece, "docs/dash.md", "exec")


def test_the_statement_is_made_as_the_page_says(loggia):
    [piece] = [piece for piece in fenced("python") if "def revenue" in piece]
    known: dict = {}
    exec(piece, known)
    client = app_of(loggia)
    client.application.add_url_rule("/sql", view_func=lambda: known["revenue"]("2026-01-01", "region").text)
    assert asking(client, loggia.token(), "/sql").text == fenced("sql")[0].strip()


def test_the_page_names_every_setting_and_every_word_of_the_guard():
    settings = set(re.findall(r"LOGGIA_DASH_[A-Z_]+", SOURCE.replace("LOGGIA_DASH_{name}", "")))
    assert settings == set(re.findall(r"^\| `(LOGGIA_DASH_[A-Z_]+)` \|", PAGE, re.MULTILINE))
    words = set(re.findall(r'Refused\(\d+, "(\w+)"', SOURCE))
    told = {word for row in re.findall(r"^\| \d+ \| (.*?) \| \(guard\)", PAGE, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)}
    assert words == told
    for status, word in re.findall(r'Refused\((\d+), "(\w+)"', SOURCE):
        assert re.search(rf"^\| {status} \| .*`{word}`.* \| \(guard\)", PAGE, re.MULTILINE), word


def test_the_page_names_what_callbacks_may_ask():
    for name in re.findall(r"`loggia_dash\.(\w+)\(", PAGE):
        assert callable(getattr(loggia_dash, name)), name
