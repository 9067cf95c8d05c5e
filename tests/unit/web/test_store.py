"""The copy that is in place, while another takes its place."""

import threading
from pathlib import Path

import duckdb
import pytest

from regulars.web import store as module
from regulars.web.store import Publication, Store


def publish(path: Path, day: str) -> None:
    """Put a database with the least that a publication has in the place of another."""
    made = path.with_name("made.duckdb")
    with duckdb.connect(str(made)) as connection:
        connection.execute(f"create table customers as select date '{day}' as as_of_date")
        connection.execute(
            "create table build_settings as select 'currency' as setting, '\"GBP\"' as value"
        )
    made.replace(path)


def test_others_are_served_from_the_old_copy_while_a_new_one_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.duckdb"
    publish(path, "2024-01-01")
    store = Store(path, memory="100MB", threads=1)
    with store.use() as publication:
        assert str(publication.as_of_date) == "2024-01-01"
    publish(path, "2024-02-01")
    is_opening, may_open = threading.Event(), threading.Event()

    def slowly(*arguments: object, **settings: object) -> Publication:
        is_opening.set()
        may_open.wait(10)
        return Publication(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "Publication", slowly)
    found: list[str] = []

    def look() -> None:
        with store.use() as publication:
            found.append(str(publication.as_of_date))

    first = threading.Thread(target=look)
    first.start()
    assert is_opening.wait(10)
    look()
    may_open.set()
    first.join(10)
    look()
    assert found == ["2024-01-01", "2024-02-01", "2024-02-01"]
    store.close()
