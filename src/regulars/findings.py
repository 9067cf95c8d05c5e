"""What a build has found that somebody should look at: what `regulars build --fail-on` asks about."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from regulars.errors import RegularsError
from regulars.warehouse import open_read_only


class Finding(StrEnum):
    """What may be asked about."""

    ALERT = "alert"
    DECAY = "decay"


# "decay": the models did worse than the purchase process alone on the latest date that could be judged
_QUERIES = {
    Finding.ALERT: (
        "alerts",
        "select sentence from alerts where severity = 'RED' order by alert_rank, alert_id",
    ),
    Finding.DECAY: (
        "model_eligibility",
        """
        select concat(task, ' ', horizon_days, ' d: ', figure_name, ' ', round(figure, 4), ' on ', judged_on,
            ', below BG/NBD''s ', round(bg_nbd_figure, 4), '.')
        from model_eligibility where grade = 'C' order by task, horizon_days
        """,
    ),
}


def findings(database: Path, kind: Finding) -> list[str]:
    """The findings of one kind, a sentence each.

    Args:
        database: The published database.
        kind: What is asked about.

    Returns:
        The sentences; none if all is well.

    Raises:
        RegularsError: The database lacks the mart that would say.
    """
    table, query = _QUERIES[kind]
    with open_read_only(database) as connection:
        known = connection.execute(
            "select 1 from duckdb_tables() where table_name = ?", [table]
        ).fetchall()
        if not known:
            raise RegularsError(f"The published database has no table {table} to ask about.")
        return [sentence for (sentence,) in connection.execute(query).fetchall()]
