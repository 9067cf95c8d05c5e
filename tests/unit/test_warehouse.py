from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from regulars.warehouse import NotBuiltError, open_read_only, publish, recover


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "shop_warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema main_intermediate")
        connection.execute("create table main_intermediate.int_lines as select 1 as line_id")
        connection.execute(
            "create table customers (customer_id varchar primary key, order_count integer not null check (order_count > 0))"
        )
        connection.execute("insert into customers values ('17850', 3), ('12346', 1)")
        connection.execute("comment on table customers is 'The customer''s dimension'")
        connection.execute("comment on column customers.order_count is 'Number of orders'")
    return path


def test_publishing_copies_the_marts_with_constraints_and_comments(
    warehouse: Path, tmp_path: Path
) -> None:
    published = tmp_path / "outputs" / "shop.duckdb"
    assert publish(warehouse, published) == ["customers"]
    with open_read_only(published) as connection:
        assert connection.execute("from customers order by 1").fetchall() == [
            ("12346", 1),
            ("17850", 3),
        ]
        tables = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables()"
        ).fetchall()
        assert tables == [("main", "customers", "The customer's dimension")]
        comment = connection.execute(
            "select comment from duckdb_columns() where column_name = 'order_count'"
        ).fetchone()
        assert comment == ("Number of orders",)
    with duckdb.connect(str(published)) as connection, pytest.raises(duckdb.ConstraintException):
        connection.execute("insert into customers values ('17850', 1)")


def test_readers_keep_the_old_copy_while_a_new_one_is_published(
    warehouse: Path, tmp_path: Path
) -> None:
    published = tmp_path / "shop.duckdb"
    publish(warehouse, published)
    with open_read_only(published) as reader:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("delete from customers where customer_id = '12346'")
        publish(warehouse, published)
        assert reader.execute("select count(*) from customers").fetchone() == (2,)
    with open_read_only(published) as reader:
        assert reader.execute("select count(*) from customers").fetchone() == (1,)


def test_a_failed_publication_leaves_the_old_copy_and_nothing_else(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "shop.duckdb"
    publish(warehouse, published)
    before = published.read_bytes()

    def fail(_self: Path, _target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        publish(warehouse, published)
    assert published.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "shop.duckdb",
        "shop_warehouse.duckdb",
    ]


def test_a_missing_or_empty_warehouse_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="nowhere"):
        publish(tmp_path / "nowhere.duckdb", tmp_path / "shop.duckdb")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(NotBuiltError, match="no mart"):
        publish(empty, tmp_path / "shop.duckdb")
    assert not (tmp_path / "shop.duckdb").exists()


def test_a_database_that_was_never_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="make build"), open_read_only(tmp_path / "shop.duckdb"):
        pass


def test_published_data_cannot_be_changed_by_readers(warehouse: Path, tmp_path: Path) -> None:
    published = tmp_path / "shop.duckdb"
    publish(warehouse, published)
    with open_read_only(published) as connection, pytest.raises(duckdb.InvalidInputException):
        connection.execute("delete from customers")


# publishes in a process of its own that kills itself at a step
PUBLISH_UNTIL = """
import os, signal, sys
from pathlib import Path
from regulars import warehouse
step, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
copy, copied = warehouse._copy_tables, []
def copy_one_more(*arguments):
    if step == f"after {len(copied)} schemas":
        die()
    copied.append(copy(*arguments))
    return copied[-1]
warehouse._copy_tables = copy_one_more
if step == "before it is in place":
    Path.replace = die
warehouse.publish(source, target)
die()
"""


@pytest.mark.parametrize(
    "step",
    [
        "after 0 schemas",
        "after 1 schemas",
        "after 2 schemas",
        "before it is in place",
        "at the end",
    ],
)
def test_a_publication_that_is_killed_leaves_the_old_copy_and_the_next_one_tidies_up(
    warehouse: Path, tmp_path: Path, step: str
) -> None:
    published = tmp_path / "shop.duckdb"
    publish(warehouse, published)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table lines as select range as line_id from range(300_000)")
    killed = subprocess.run(
        [sys.executable, "-c", PUBLISH_UNTIL, step, str(warehouse), str(published)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    is_in_place = step == "at the end"
    left = [path.name for path in tmp_path.glob(".*tmp*")]
    assert (left == []) == is_in_place
    with open_read_only(published) as connection:
        assert connection.execute("select count(*) from customers").fetchone() == (2,)
        tables = connection.execute("select count(*) from duckdb_tables()").fetchone()
        assert tables == (1 + is_in_place,)
    publish(warehouse, published)
    assert [path.name for path in tmp_path.glob(".*tmp*")] == []
    with open_read_only(published) as connection:
        assert connection.execute("select count(*) from lines").fetchone() == (300_000,)


KILLED_BUILD = """
import os, sys
import duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("create table ledger (outcome varchar check (outcome in ('kept', 'set aside')))")
connection.execute("insert into ledger values ('kept')")
connection.execute("comment on column ledger.outcome is 'What became of the row.'")
os._exit(1)
"""


def test_what_a_killed_build_left_in_the_log_is_taken_in(tmp_path: Path) -> None:
    database = tmp_path / "shop_warehouse.duckdb"
    subprocess.run([sys.executable, "-c", KILLED_BUILD, database], check=False)
    log = tmp_path / "shop_warehouse.duckdb.wal"
    assert log.exists()
    recover(database)
    assert not log.exists()
    with open_read_only(database) as connection:
        assert connection.execute("from ledger").fetchall() == [("kept",)]


def test_a_damaged_database_is_left_to_dbt(tmp_path: Path) -> None:
    database = tmp_path / "shop_warehouse.duckdb"
    database.write_bytes(b"no database")
    (tmp_path / "shop_warehouse.duckdb.wal").write_bytes(b"no log")
    recover(database)
    assert database.read_bytes() == b"no database"
