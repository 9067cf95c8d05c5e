"""Files made of a published database: campaign lists, scored customers, the insights report, Parquet of each mart.

The files of one export belong together: all are written and checked aside before the first old one is replaced, and
`manifest.json` names them, so that a later export removes those that it no longer makes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import duckdb

from regulars import insights_report
from regulars.csv_output import write_csv
from regulars.errors import RegularsError
from regulars.ingest.quoting import quote_identifier, quote_literal
from regulars.warehouse import MARTS_SCHEMA, NotBuiltError, open_read_only

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
NEEDED_MARTS = {
    "build_settings", "campaign_audiences", "customer_360", "customer_scores", "customers",
    "data_quality_ledger", "order_lines", "orders", "segment_profiles", *insights_report.READS,
}  # fmt: skip
# of customer_360, besides the clusters
SEGMENT_COLUMNS = (
    "as_of_date", "customer_id", "segment", "previous_segment", "recency_days", "frequency", "monetary",
    "r_score", "f_score", "m_score", "rfm_score",
)  # fmt: skip
# of customer_360, besides the scores, their reasons and the segment
SCORED_COLUMNS = ("segment", "clv_group", "opportunity", "opportunity_expected_value", "is_unusual")
# no segment's file may be called so
TAKEN_NAMES = {".csv", "ml_scored_customers.csv"}
_REASON = re.compile(r"(churn|value)_reason_\d")


class ExportError(RegularsError):
    """The files could not be made; those of the last export are as they were."""


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export.

    Attributes:
        name: Path below the folder, with slashes.
        rows: Rows, a header not counted; None for a file that has no rows.
        sha256: Of its bytes, in hexadecimal.
    """

    name: str
    rows: int | None
    sha256: str


# Writes a file to the path given and returns its number of rows.
Writer = Callable[[Path], int | None]


def export(database: Path, folder: Path) -> list[ExportedFile]:
    """Write all files of a published database, then put them in place of the last export's.

    The same database gives the same bytes.

    Args:
        database: A published database.
        folder: Where to; made if it is not there. Files that an export did not make stay as they are.

    Returns:
        The files, by name; the manifest, which says the same, is not among them.

    Raises:
        NotBuiltError: If there is no database, or it lacks a mart.
        ExportError: If files cannot be written, or a segment's name makes no file name of its own.
        InvalidReportError: If the insights report does not keep to its schema.
    """
    staging = folder / f".export-{os.getpid()}.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        with open_read_only(database) as connection:
            # what does not fit in memory while rows are put in order
            connection.execute(f"set temp_directory = {quote_literal(str(staging / 'spill'))}")
            files = [
                _write(staging, name, write)
                for name, write in sorted(_writers(connection, database).items())
            ]
        _replace(staging, folder, files)
    except (OSError, duckdb.IOException) as error:
        raise ExportError(f"The files cannot be written to {folder}: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return files


def file_name_of(segment: str) -> str:
    """Name a segment's file: `Can't Lose Them` is in `cant_lose_them.csv`."""
    plain = unicodedata.normalize("NFKD", segment.replace("'", "")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "_", plain.decode().lower()).strip("_") + ".csv"


def _writers(connection: duckdb.DuckDBPyConnection, database: Path) -> dict[str, Writer]:
    marts = _marts(connection)
    if missing := sorted(NEEDED_MARTS - set(marts)):
        raise NotBuiltError(
            f"The database {database} has no mart {', '.join(missing)}; run `regulars build` again."
        )
    customer_columns = _columns(connection, "customer_360")
    scores = _columns(connection, "customer_scores")
    clusters = [name for name in customer_columns if name.startswith("cluster_")]
    scored = [
        name
        for name in customer_columns
        if name in scores or name in SCORED_COLUMNS or _REASON.fullmatch(name)
    ]
    return {
        **_campaign_writers(connection),
        "campaigns/ml_scored_customers.csv": _csv(
            connection, f"select {', '.join(scored)} from customer_360 order by customer_id"
        ),
        "customer_segments.csv": _csv(
            connection,
            f"select {', '.join([*SEGMENT_COLUMNS, *clusters])} from customer_360 order by customer_id",
        ),
        "insights_report.json": _report(connection),
        **{f"parquet/{mart}.parquet": _parquet(connection, mart) for mart in marts},
    }


def _campaign_writers(connection: duckdb.DuckDBPyConnection) -> dict[str, Writer]:
    # segment_profiles has every segment, the empty ones too
    segments = connection.execute(
        "select segment from segment_profiles group by segment order by segment"
    ).fetchall()
    writers: dict[str, Writer] = {}
    for (segment,) in segments:
        name = file_name_of(segment)
        if name in TAKEN_NAMES or f"campaigns/{name}" in writers:
            raise ExportError(
                f"The segment {segment!r} cannot have the file campaigns/{name}; give it a name of its own "
                "in Latin letters or digits (seed segments)."
            )
        writers[f"campaigns/{name}"] = _csv(
            connection,
            """
            select campaign_audiences.*
            from campaign_audiences
            inner join
                (
                    select wave from campaign_audiences
                    group by wave, is_draft order by max(wave_date) desc, is_draft, wave desc limit 1
                ) as latest
                on campaign_audiences.wave = latest.wave
            where campaign_audiences.segment = ?
            order by campaign_audiences.priority nulls last, campaign_audiences.customer_id
            """,
            segment,
        )
    return writers


def _csv(connection: duckdb.DuckDBPyConnection, query: str, *parameters: str) -> Writer:
    def write(path: Path) -> int:
        # no byte order mark: it would become part of the first column's name for most readers
        with path.open("w", encoding="utf-8", newline="") as out:
            return write_csv(connection.execute(query, list(parameters)), out)

    return write


def _parquet(connection: duckdb.DuckDBPyConnection, mart: str) -> Writer:
    def write(path: Path) -> int:
        copied = connection.execute(
            f"copy (from {quote_identifier(mart)} order by {_order(connection, mart)}) "
            f"to {quote_literal(str(path))} (format parquet, compression zstd)"
        ).fetchone()
        return copied[0]

    return write


def _report(connection: duckdb.DuckDBPyConnection) -> Writer:
    def write(path: Path) -> None:
        path.write_text(insights_report.render_report(connection), encoding="utf-8", newline="")

    return write


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by table_name",
        [MARTS_SCHEMA],
    ).fetchall()
    return [name for (name,) in found]


def _columns(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [MARTS_SCHEMA, mart],
    ).fetchall()
    return [name for (name,) in found]


def _order(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    key = connection.execute(
        "select constraint_column_names from duckdb_constraints() "
        "where schema_name = ? and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [MARTS_SCHEMA, mart],
    ).fetchone()
    return ", ".join(map(quote_identifier, key[0])) if key else "all"


def _write(staging: Path, name: str, write: Writer) -> ExportedFile:
    path = staging / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = write(path)
    return ExportedFile(name, rows, _sha256(path))


def _replace(staging: Path, folder: Path, files: list[ExportedFile]) -> None:
    """Move what is staged into place and remove what the last export made and this one did not."""
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "regulars_version": version("regulars"),
        "files": [asdict(file) for file in files],
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    earlier = _last_files(folder)
    for file in files:
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        (staging / file.name).replace(target)
    for name in sorted(earlier.keys() - {file.name for file in files}):
        stale = folder / name
        # one that was changed since is somebody's work by now
        if stale.is_file() and _sha256(stale) == earlier[name]:
            stale.unlink()
    # the manifest comes last: until then the old one still names all that may be stale
    (staging / MANIFEST).replace(folder / MANIFEST)


def _last_files(folder: Path) -> Mapping[str, str]:
    """Name and hash of each file of the last export; none if its manifest is missing or damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        named = {file["name"]: file["sha256"] for file in manifest["files"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    return {name: sha256 for name, sha256 in named.items() if _is_below(name)}


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
