"""The command `regulars`. Data go to stdout, everything else to stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulars.errors import InvalidSettingError, RegularsError, UnusableInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.findings import Finding
    from regulars.project import BuildSummary

# Libraries that take long to import are imported by the commands that need them.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Customer intelligence for retailers in one dbt build.",
)

# What DuckDB makes of Ctrl-C while it works.
DUCKDB_INTERRUPTED = "Query interrupted"

DatabaseOption = Annotated[
    Path, typer.Option("--db", envvar="REGULARS_DB", help="Published database.")
]
OutputsOption = Annotated[
    Path,
    typer.Option(
        "--out", envvar="REGULARS_OUTPUTS", help="Folder for the report and the exported files."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


class ExitCode(IntEnum):
    """What the command's exit status says."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    INPUT_UNUSABLE = 3
    BUILD_FAILED = 4
    FINDINGS = 5
    INTERRUPTED = 130


def main() -> None:
    """Run the command line; errors made for users are printed without a traceback."""
    try:
        app()
    except RegularsError as error:
        typer.echo(f"regulars: {error}", err=True)
        raise SystemExit(_exit_code(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except RuntimeError as error:
        if str(error) != DUCKDB_INTERRUPTED:
            raise
        raise SystemExit(ExitCode.INTERRUPTED) from None


def _exit_code(error: RegularsError) -> ExitCode:
    if isinstance(error, InvalidSettingError):
        return ExitCode.USAGE
    if isinstance(error, UnusableInputError):
        return ExitCode.INPUT_UNUSABLE
    if type(error).__name__ == "BuildError":
        return ExitCode.BUILD_FAILED
    return ExitCode.INTERNAL


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"regulars {version('regulars')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def build(
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="File, glob or folder (CSV, CSV.GZ, Parquet, XLSX); repeat for several. Without: the sample shop."
        ),
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="First day not counted, YYYY-MM-DD.")] = None,
    db: DatabaseOption = Path("regulars.duckdb"),
    out: OutputsOption = Path("outputs"),
    variables: Annotated[str, typer.Option("--vars", help="dbt vars, as YAML or JSON.")] = "{}",
    has_report: Annotated[
        bool, typer.Option("--report/--no-report", help="Write the report and its figures.")
    ] = True,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(help="Exit with 5 on red alerts (alert) or models that decay (decay)."),
    ] = None,
    is_full_refresh: Annotated[
        bool,
        typer.Option(
            "--full-refresh",
            help="Read every file again and make every table of the warehouse anew.",
        ),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build everything from transactions, publish the marts, export files and write the report."""
    from contextlib import nullcontext

    from regulars import project
    from regulars.charts.assets import begin_bundling
    from regulars.exports import export as write_files
    from regulars.processes import prepare
    from regulars.report.write import begun_report
    from regulars.warehouse import publish as publish_marts

    wanted = _finding_kinds(fail_on or [])
    chosen = _variables(variables)
    if data:
        # absolute, since dbt runs in the project's directory
        chosen["transactions_path"] = [str(Path(path).expanduser().absolute()) for path in data]
    if as_of:
        chosen["as_of_date"] = _date(as_of, "--as-of").isoformat()
    say = (lambda _line: None) if quiet else (lambda line: typer.echo(line, err=True))
    say(f"Source: {_source(chosen)}")
    database, outputs = db.absolute(), out.absolute()
    # in the background while dbt parses, which takes one core
    prepare()
    if has_report:
        begin_bundling()
    built = project.build(database, variables=chosen, is_full_refresh=is_full_refresh, on_step=say)
    say(f"Publishing; writing files{' and the report' if has_report else ''} to {out}")
    # drawn while the marts are published, which takes one core
    begun = begun_report(built.warehouse, is_anonymous=False, has_figures=True)
    with begun if has_report else nullcontext() as write_report:
        tables = publish_marts(built.warehouse, database)
        files = write_files(database, outputs)
        report = write_report(out).page if write_report else None
    summary = project.summarise(database, built=built, tables=tables, outputs=outputs, files=files)
    if report:
        summary = dataclasses.replace(summary, report=str(report))
    if as_json:
        typer.echo(json.dumps(vars(summary), default=str, indent=2))
    else:
        typer.echo(_summary_text(summary))
    _fail_on_findings(db.absolute(), wanted)


@app.command()
def classify(
    files: Annotated[
        list[str], typer.Argument(help="Files, globs or folders of transactions to classify.")
    ],
    db: DatabaseOption = Path("regulars.duckdb"),
    recipe: Annotated[
        str | None, typer.Option(help="Segmentation recipe of the clusters (default: the first).")
    ] = None,
    reference_date: Annotated[
        str | None,
        typer.Option(
            help="First day not counted, YYYY-MM-DD (default: the day after the file's last)."
        ),
    ] = None,
    variables: Annotated[
        str,
        typer.Option("--vars", help="How the file is written, where it differs from the build's."),
    ] = "{}",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print segment, cluster, R, F, M and predictions of every customer of a file; nothing is kept.

    The file goes through the SQL of the published database, and its clusters and models.
    """
    import duckdb

    from regulars.classify.command import classify_files

    def show(done: int, total: int, name: str) -> None:
        # one line that renews itself, only where somebody is watching
        typer.echo(f"\r{done:>3} of {total}  {name:<32}", err=True, nl=False)

    is_watched = sys.stderr.isatty() and not quiet
    found = classify_files(
        db,
        files,
        reading=_variables(variables),
        reference_date=_date(reference_date, "--reference-date") if reference_date else None,
        recipe=recipe,
        on_step=show if is_watched else None,
    )
    if is_watched:
        typer.echo("", err=True)
    if not quiet:
        typer.echo(
            f"{found.customers.num_rows:,} customers as of {found.reference_date} ({found.reference_reason}).",
            err=True,
        )
        for note in found.notes:
            typer.echo(note, err=True)
    with duckdb.connect() as connection:
        connection.register("customers", found.customers)
        _print_rows(connection.execute("from customers"), as_json=as_json, as_csv=not as_json)


@app.command()
def serve(
    db: DatabaseOption = Path("regulars.duckdb"),
    host: Annotated[
        str | None, typer.Option(help="Address to bind (default: 127.0.0.1, this machine only).")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind (default: 8000).")] = None,
    quiet: QuietOption = False,
) -> None:
    """Serve the web app and its API from the published database.

    Every other setting is an environment variable, REGULARS_SERVE_…: see docs/app.md.
    """
    from regulars.web.serve import serve as run

    run(database=db, host=host, port=port, quiet=quiet)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A query on the published marts.")],
    db: DatabaseOption = Path("regulars.duckdb"),
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
) -> None:
    """Run SQL on the published database, read-only."""
    import signal

    import duckdb

    from regulars.warehouse import open_read_only

    # nothing is written, so that Ctrl-C may end the process at once: DuckDB heeds it late in some joins
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with open_read_only(db) as connection:
        try:
            _print_rows(connection.execute(sql), as_json=as_json, as_csv=as_csv)
        except duckdb.Error as error:
            raise InvalidSettingError(f"The query failed: {error}") from error


@app.command()
def simulate(
    customers: Annotated[int, typer.Option(help="Customers of the shop.")],
    out: Annotated[Path, typer.Option(help="Folder for the two Parquet files.")],
    months: Annotated[int, typer.Option(help="Months of trading.")] = 24,
    seed: Annotated[int, typer.Option(help="Same seed, same shop.")] = 7,
    start: Annotated[str, typer.Option(help="First day of trading.")] = "2023-01-01",
    editions: Annotated[int, typer.Option(help="Times 800 products that the shop sells.")] = 1,
    order_lines: Annotated[int, typer.Option(help="Lines of an order of mean value.")] = 18,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the transactions of a simulated shop of any size to Parquet files."""
    from regulars.simulate import ShopSettings, write_parquet

    try:
        settings = ShopSettings(
            customers=customers,
            months=months,
            seed=seed,
            start=date.fromisoformat(start),
            editions=editions,
            order_lines=order_lines,
        )
    except ValueError as error:
        raise InvalidSettingError(str(error)) from error
    if not quiet:
        typer.echo(f"{customers:,} customers, {months} months: some seconds a thousand.", err=True)
    _print_paths(write_parquet(settings, out), as_json=as_json)


@app.command()
def download(
    out: Annotated[Path, typer.Option(help="Folder for the workbook.")] = Path("data"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch UCI's Online Retail II (45 MB) and check it; an interrupted download resumes."""
    from regulars.download import ATTRIBUTION, fetch_workbook

    def show(done: int, total: int | None) -> None:
        of = f" of {total / 1e6:.1f}" if total else ""
        # one line that renews itself, only where somebody is watching
        typer.echo(f"\r{done / 1e6:.1f}{of} MB", err=True, nl=False)

    is_watched = sys.stderr.isatty() and not quiet
    path = fetch_workbook(out, on_progress=show) if is_watched else fetch_workbook(out)
    if not quiet:
        typer.echo(f"\n{ATTRIBUTION}", err=True)
    _print_paths([path], as_json=as_json)


@app.command()
def export(
    db: DatabaseOption = Path("regulars.duckdb"),
    out: OutputsOption = Path("outputs"),
    as_json: JsonOption = False,
) -> None:
    """Write campaign lists, scored customers, the insights report and Parquet of each mart."""
    from dataclasses import asdict

    from regulars.exports import export as write_files

    files = [asdict(file) for file in write_files(db, out)]
    if as_json:
        typer.echo(json.dumps({"outputs": str(out), "files": files}, indent=2))
    else:
        typer.echo("\n".join(_file_lines(files)))


@app.command()
def cards(
    db: DatabaseOption = Path("regulars.duckdb"),
    out: Annotated[Path, typer.Option(help="Folder for the Markdown files.")] = Path("model_cards"),
    as_json: JsonOption = False,
) -> None:
    """Write a model card (Markdown) for each prediction of the published database."""
    from regulars.cards import write_cards

    _print_paths(write_cards(db, out), as_json=as_json)


@app.command()
def report(
    db: DatabaseOption = Path("regulars.duckdb"),
    out: OutputsOption = Path("outputs"),
    is_anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Leave out ids of customers and orders.")
    ] = False,
    has_figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw the figures too (PNG and SVG).")
    ] = True,
) -> None:
    """Write the report (one HTML file) and its figures from the published database."""
    from regulars.report.write import write_report

    written = write_report(db, out, is_anonymous=is_anonymous, has_figures=has_figures)
    for name, reason in written.left_out.items():
        typer.echo(f"no figure {name}: {reason}", err=True)
    for path in (written.page, *written.figures):
        typer.echo(path)


@app.command()
def publish(
    db: DatabaseOption = Path("regulars.duckdb"),
    warehouse: Annotated[
        Path | None,
        typer.Option(help="File that dbt built (default: <name>_warehouse.duckdb beside --db)."),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Publish what plain dbt has built: copy the marts, then put the copy in place in one step."""
    from regulars.project import warehouse_of
    from regulars.warehouse import publish as put_in_place

    tables = put_in_place(warehouse or warehouse_of(db.absolute()), db.absolute())
    if not quiet:
        typer.echo(f"{len(tables)} tables", err=True)
    _print_paths([db.absolute()], as_json=as_json)


@app.command()
def doctor(
    db: DatabaseOption = Path("regulars.duckdb"),
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is missing.")] = False,
) -> None:
    """Say what is installed, where things are and what is missing."""
    from regulars.doctor import examine

    findings = examine(db)
    if as_json:
        typer.echo(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            if quiet and finding.is_good:
                continue
            typer.echo(
                f"{'ok' if finding.is_good else 'MISSING':<8}{finding.subject:<20}{finding.detail}"
            )
    if not all(finding.is_good or finding.is_optional for finding in findings):
        raise typer.Exit(ExitCode.INTERNAL)


def _finding_kinds(names: Sequence[str]) -> list[Finding]:
    from regulars.findings import Finding

    try:
        return [Finding(name) for name in names]
    except ValueError as error:
        known = ", ".join(Finding)
        raise InvalidSettingError(f"--fail-on takes {known}: {error}.") from error


def _fail_on_findings(db: Path, kinds: Sequence[Finding]) -> None:
    """Print what was asked about on stderr, and exit with 5 if there is any."""
    from regulars.findings import findings

    found = [(kind, sentence) for kind in kinds for sentence in findings(db, kind)]
    for kind, sentence in found:
        typer.echo(f"{kind}: {sentence}", err=True)
    if found:
        raise typer.Exit(ExitCode.FINDINGS)


def _print_paths(paths: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"files": [str(path) for path in paths]}, indent=2))
        return
    for path in paths:
        typer.echo(path)


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidSettingError(f"{option} {text} is no date such as 2011-12-10.") from error


def _variables(text: str) -> dict[str, Any]:
    import yaml

    try:
        parsed = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise InvalidSettingError(f"--vars is neither YAML nor JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise InvalidSettingError(f"--vars is no mapping of names to values: {text}")
    return parsed


def _source(variables: dict[str, Any]) -> str:
    path = variables.get("transactions_path")
    if path:
        return ", ".join(path) if isinstance(path, list) else str(path)
    return str(
        variables.get("transactions_relation") or "the sample shop (give --data PATH for your own)"
    )


def _summary_text(summary: BuildSummary) -> str:
    currency = summary.currency
    lines = [
        "",
        f"Source         {summary.source}",
        *(
            [f"Files          {summary.files_read:,} read, {summary.files_unchanged:,} unchanged"]
            if summary.files_read is not None
            else []
        ),
        f"As of          {summary.as_of_date} (the first day not counted)",
        "",
        f"{'rows':>12}  {'units':>12}  {f'amount {currency}':>18}  disposition",
    ]
    for outcome in ("kept", "reversed", "set aside"):
        for row in (row for row in summary.ledger if row["outcome"] == outcome):
            lines.append(
                f"{row['row_count']:>12,}  {row['unit_count']:>12,}  {row['amount']:>18,.2f}  {outcome}: {row['disposition']}"
            )
    totals = [
        sum(row[name] for row in summary.ledger) for name in ("row_count", "unit_count", "amount")
    ]
    lines += [
        f"{totals[0]:>12,}  {totals[1]:>12,}  {totals[2]:>18,.2f}  all rows of the input",
        "",
        f"Customers      {summary.customer_count:,}",
        f"Orders         {summary.order_count:,} (anonymous ones included)",
        f"Revenue        {currency} {summary.gross_revenue:,.2f} gross, {summary.revenue:,.2f} after matched returns",
        f"Reconciled     {summary.checks_reconciled} of {summary.checks} checks to the penny",
        "",
        f"{'customers':>12}  {'share':>6}  {f'revenue {currency}':>18}  {'share':>6}  segment",
    ]
    lines += [
        f"{row['customer_count']:>12,}  {row['customer_share']:>6.1%}  {row['revenue']:>18,.2f}  {row['revenue_share'] or 0:>6.1%}  {row['segment']}"
        for row in summary.segments
    ]
    shown = [file for file in summary.files if not file["name"].startswith("parquet/")]
    lines += [
        "",
        *_file_lines(shown),
        "",
        f"Exported       {summary.outputs} ({len(summary.files)} files, {len(summary.files) - len(shown)} of them Parquet)",
        f"Published      {summary.database} ({len(summary.tables)} tables)",
        *([f"Report         {summary.report}"] if summary.report else []),
        f'Try            regulars query "from customer_features limit 5" --db {summary.database}',
    ]
    return "\n".join(lines)


def _file_lines(files: Sequence[Mapping[str, Any]]) -> list[str]:
    def rows(file: Mapping[str, Any]) -> str:
        return "" if file["rows"] is None else f"{file['rows']:,}"

    return [f"{'rows':>12}  file", *(f"{rows(file):>12}  {file['name']}" for file in files)]


def _print_rows(result: Any, *, as_json: bool, as_csv: bool) -> None:  # noqa: ANN401 - a DuckDB connection after execute
    if as_json:
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        typer.echo(json.dumps(rows, default=str, indent=2))
    elif as_csv:
        from regulars.csv_output import write_csv

        sys.stdout.reconfigure(encoding="utf-8", newline="")
        write_csv(result, sys.stdout)
    else:
        typer.echo(_table([column[0] for column in result.description], result.fetchall()))


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    cells = [names, *([("" if value is None else str(value)) for value in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))]
    is_number = [
        all(
            isinstance(row[at], int | float) or row[at] is None or hasattr(row[at], "as_tuple")
            for row in rows
        )
        for at in range(len(names))
    ]
    align = [str.rjust if number else str.ljust for number in is_number]
    lines = [
        "  ".join(align[at](row[at], widths[at]) for at in range(len(names))).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
