"""The benchmark's results as a page of Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from measure import Spread, Usage

SLOWEST_STEPS = 12
MEGABYTE = 1_000_000

TITLES = {
    "scan": "Bare scan of the columns (DuckDB)",
    "sql": "SQL part, 1 as-of date",
    "sql_dates": "SQL part, 20 as-of dates",
    "build": "Whole `regulars build` (dbt, every model, every test)",
    "pandas": "pandas",
    "polars": "Polars",
}


@dataclass(frozen=True)
class Segmenting:
    """One process that fits segmentations and may assign customers with them.

    Attributes:
        customers: Customers of the input.
        fit: Of the Python model; its peak is the process's up to the end of the fit.
        assignment: Of the SQL after it; its peak is the whole process's.
    """

    customers: int
    fit: Usage
    assignment: Usage


@dataclass
class Segmentations:
    """What the segmentations took.

    Attributes:
        data: What the customers are, in words.
        recipes: Algorithm of each recipe by name, in order.
        load: Load average of the machine before.
        cores: Cores of the machine.
        alone: A process for each recipe that does nothing but fit and evaluate it, repeated.
        together: A process that fits all recipes and assigns everyone, repeated, by size.
    """

    data: str
    recipes: Mapping[str, str]
    load: float
    cores: int
    alone: dict[str, list[Segmenting]] = field(default_factory=dict)
    together: dict[str, list[Segmenting]] = field(default_factory=dict)


@dataclass
class Results:
    """All that was measured.

    Attributes:
        data: What the input is, in words.
        rows: Rows of the input by size (1 and 10 times the data).
        usages: Repeated measurements by size and contender (a key of `TITLES`).
        steps: CPU seconds of each SQL step, repeated, by contender and model; at size 1.
        skipped: Contenders that were left out, and why, by size.
        check: What was found equal.
        machine: Facts about the machine and the versions, by name.
        segmentations: What they took, if they were measured.
    """

    data: str
    machine: Mapping[str, str]
    rows: dict[int, int] = field(default_factory=dict)
    usages: dict[int, dict[str, list[Usage]]] = field(default_factory=dict)
    steps: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    skipped: dict[tuple[int, str], str] = field(default_factory=dict)
    check: str = ""
    segmentations: Segmentations | None = None

    def cpu(self, size: int, key: str) -> Spread | None:
        """CPU seconds, if they were measured."""
        usages = self.usages.get(size, {}).get(key)
        return Spread.of([usage.cpu_seconds for usage in usages]) if usages else None

    def wall(self, size: int, key: str) -> Spread | None:
        """Elapsed seconds, if they were measured."""
        usages = self.usages.get(size, {}).get(key)
        return Spread.of([usage.wall_seconds for usage in usages]) if usages else None

    def peak(self, size: int, key: str) -> Spread | None:
        """Peak memory in MB, if it was measured."""
        usages = self.usages.get(size, {}).get(key)
        return Spread.of([usage.peak_bytes / MEGABYTE for usage in usages]) if usages else None


def render(results: Results) -> str:
    """Write the page."""
    parts = [_INTRODUCTION, _how_it_is_measured(results)]
    parts += [_goals(results)]
    parts += [_table_of_size(results, size) for size in results.usages]
    if 10 in results.usages:
        parts.append(_growth(results))
    parts.append(_slowest_steps(results))
    if results.segmentations:
        parts.append(segmentations_section(results.segmentations))
    return "\n\n".join([*parts, _machine(results)]) + "\n"


def with_segmentations(page: str, segmentations: Segmentations) -> str:
    """Put the section about segmentations into a page that was written before."""
    title, machine = SEGMENTATIONS_TITLE, "## Machine and versions"
    before, _, after = page.partition(title if title in page else machine)
    rest = machine + after.partition(machine)[2] if title in page else machine + after
    return f"{before}{segmentations_section(segmentations)}\n\n{rest}"


_INTRODUCTION = """\
# Benchmarks

Time and memory from the transaction files to `customer_features`: the 52 features of every
customer. The SQL is compared with the same features in idiomatic pandas and Polars, and with the
least that any program must do, which is to read the columns.

    make bench                                            # REGULARS_REAL_DATA names the data's folder
    .venv/bin/python tests/bench/bench.py --data FOLDER   # Parquet files with UCI's columns

Without a folder the data are those of the shop simulator. This page is written by the command."""


def _how_it_is_measured(results: Results) -> str:
    repeats = ", ".join(
        f"{_range([len(usages) for usages in by_key.values()])} times at x{size}"
        for size, by_key in results.usages.items()
    )
    return f"""\
## What is measured

- **Data**: {results.data}.
  x10 is ten copies of it with customer and invoice numbers of their own, same products and times.
- **Each measurement** is a whole process with all that it starts, from the start of Python to its exit: user +
  system CPU seconds of all threads, elapsed seconds, and peak resident memory, as the system counts them; of
  several processes together, shared pages once. The contenders take turns, {repeats}.
  The check of equal values has warmed everything up before. Cells say median (min-max).
- **SQL part**: the project's own compiled SQL without dbt, in one DuckDB process and a new database
  file that holds only the seeds: files through `regulars.ingest` into `py_raw_transactions`, then
  every ancestor of `customer_features` as dbt materializes it, constraints included, one after the
  other. One as-of date means the default vars: the features of the scoring date, and the RFM history
  of all month ends. 20 dates means 19 further `feature_as_of_dates` that divide the period evenly.
- **`regulars build`**: everything else that the project makes too, from a fresh checkout: parsing,
  every model, every data test, publishing.
- **pandas, Polars**: `tests/bench/features_pandas.py` and `features_polars.py`, for the scoring
  date. They are given each product's category ready-made; the SQL derives it. They keep no
  intermediate tables and compute no RFM history.
- **Equal values**: before anything is timed, SQL, pandas and Polars must agree at x1
  ({results.check}): money, whole numbers and text exactly, floats to 1e-9 of their value.
  Else the benchmark fails."""


def _goals(results: Results) -> str:
    rows: list[tuple[str, float | None, float, str]] = []

    def add(text: str, spread: Spread | None, limit: float, unit: str) -> None:
        rows.append((text, None if spread is None else spread.median, limit, unit))

    add("SQL part at x1, 1 as-of date", results.cpu(1, "sql"), 2.5, "CPU s")
    add("SQL part at x1, 20 as-of dates", results.cpu(1, "sql_dates"), 10, "CPU s")
    add("Peak memory of the SQL part at x1", results.peak(1, "sql"), 1000, "MB")
    small, large = results.cpu(1, "sql"), results.cpu(10, "sql")
    growth = large.median / small.median if small and large else None
    rows.append(("Growth of the SQL part from x1 to x10", growth, 11, "times the CPU s"))
    lines = ["## Goals", "", "| | goal | measured | |", "|---|---:|---:|---|"]
    for text, value, limit, unit in rows:
        if value is None:
            lines.append(f"| {text} | ≤ {limit:g} {unit} | not measured | |")
        else:
            verdict = "met" if value <= limit else "**missed**"
            lines.append(f"| {text} | ≤ {limit:g} {unit} | {_number(value)} | {verdict} |")
    return "\n".join(lines)


def _table_of_size(results: Results, size: int) -> str:
    bases = [key for key in ("scan", "pandas", "polars") if results.cpu(size, key)]
    header = ["", "CPU s", "elapsed s", "peak MB", *(f"CPU ÷ {_base_name(key)}" for key in bases)]
    lines = [
        f"## x{size}: {results.rows[size]:,} rows",
        "",
        f"| {' | '.join(header)} |",
        "|---|" + "---:|" * (len(header) - 1),
    ]
    for key, title in TITLES.items():
        cpu, wall, peak = (
            measured(size, key) for measured in (results.cpu, results.wall, results.peak)
        )
        if cpu and wall and peak:
            cells = [_spread(cpu), _spread(wall), _spread(peak)]
            for base in bases:
                of_base = results.cpu(size, base)
                cells.append(_number(cpu.median / of_base.median) if of_base else "")
            lines.append(f"| {title} | {' | '.join(cells)} |")
        elif (size, key) in results.skipped:
            cells = [results.skipped[size, key]] + [""] * (len(header) - 2)
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _growth(results: Results) -> str:
    lines = [
        "## Growth from x1 to x10",
        "",
        "| | CPU s | elapsed s | peak memory |",
        "|---|---:|---:|---:|",
    ]
    for key, title in TITLES.items():
        cells = []
        for measured in (results.cpu, results.wall, results.peak):
            small, large = measured(1, key), measured(10, key)
            if small and large:
                cells.append(f"{_number(large.median / small.median)} times")
        if cells:
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _slowest_steps(results: Results) -> str:
    medians = {
        key: {name: Spread.of(values) for name, values in by_name.items()}
        for key, by_name in results.steps.items()
    }
    one, many = medians["sql"], medians["sql_dates"]
    slowest = sorted(one, key=lambda name: -max(one[name].median, many[name].median))
    lines = [
        f"## Where the SQL part's time goes at x1: the {SLOWEST_STEPS} slowest models",
        "",
        "| model | CPU s, 1 date | CPU s, 20 dates |",
        "|---|---:|---:|",
    ]
    shown = slowest[:SLOWEST_STEPS]
    lines += [f"| {name} | {_spread(one[name])} | {_spread(many[name])} |" for name in shown]
    rest = [sum(part[name].median for name in slowest[SLOWEST_STEPS:]) for part in (one, many)]
    total = [sum(spread.median for spread in part.values()) for part in (one, many)]
    lines += [
        f"| the other {len(slowest) - len(shown)} | {_number(rest[0])} | {_number(rest[1])} |",
        f"| all | {_number(total[0])} | {_number(total[1])} |",
        "",
        "Views cost the models that read them. Starting Python and closing the database come on top.",
    ]
    return "\n".join(lines)


def segmentations_section(measured: Segmentations) -> str:
    """Write what fitting, evaluating and assigning take."""
    sizes = list(measured.together)
    by_size = [measured.together[size] for size in sizes]
    own, largest = by_size[0], by_size[-1]
    goals = [
        (
            f"Fit and evaluation of all recipes, {own[0].customers:,} customers",
            20,
            "s elapsed",
            Spread.of([run.fit.wall_seconds for run in own]).median,
        ),
        (
            f"Peak memory of fit and assignment, {largest[0].customers:,} customers",
            2000,
            "MB",
            Spread.of([run.assignment.peak_bytes / MEGABYTE for run in largest]).median,
        ),
    ]
    if len(sizes) > 2:
        small, large = (
            Spread.of([run.assignment.cpu_seconds for run in runs]) for runs in by_size[-2:]
        )
        times = largest[0].customers / by_size[-2][0].customers
        text = f"Growth of the assignment from {by_size[-2][0].customers:,} to {largest[0].customers:,} customers"
        goals.append((text, 1.1 * times, "times the CPU s", large.median / small.median))
    lines = [
        SEGMENTATIONS_TITLE,
        "",
        f"Customers are {measured.data}. A recipe alone is a process that reads the inputs, fits and",
        "evaluates on one thread. All recipes are fitted as in a build: those of equal features share an",
        "evaluation, and two threads share the work. Seconds of the fit are those of the model",
        "`py_cluster_parameters`, seconds of the assignment those of the SQL from there to",
        "`customer_clusters`, where everyone gets a label in every recipe; peak memory is the whole",
        "process's, Python and DuckDB together, of which DuckDB may hold 1 GB before it spills. Larger shops",
        "are copies of the same customers with values up to 10 % away; a fit sees at most",
        "`cluster_fit_customers` of them.",
        "",
        f"The load average before was {measured.load:.1f} on {measured.cores} cores."
        + (" " + _BUSY if measured.load > measured.cores / 2 else ""),
        "",
        "| | goal | measured | |",
        "|---|---:|---:|---|",
        *(
            f"| {text} | ≤ {limit:g} {unit} | {_number(value)} | {'met' if value <= limit else '**missed**'} |"
            for text, limit, unit, value in goals
        ),
        "",
        "| recipe | algorithm | CPU s | elapsed s | peak MB |",
        "|---|---|---:|---:|---:|",
        *(
            f"| {name} | {algorithm} | {_cells([run.fit for run in measured.alone[name]])} |"
            for name, algorithm in measured.recipes.items()
        ),
        "",
        "| all recipes | fit CPU s | elapsed s | peak MB | assignment CPU s | elapsed s | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {runs[0].customers:,} customers | {_cells([run.fit for run in runs])} "
            f"| {_cells([run.assignment for run in runs])} |"
            for runs in by_size
        ),
    ]
    return "\n".join(lines)


SEGMENTATIONS_TITLE = "## Segmentations"
_BUSY = "The machine was busy: elapsed seconds are too long, and CPU seconds somewhat."


def _cells(usages: Sequence[Usage]) -> str:
    units = (
        [usage.cpu_seconds for usage in usages],
        [usage.wall_seconds for usage in usages],
        [usage.peak_bytes / MEGABYTE for usage in usages],
    )
    return " | ".join(_spread(Spread.of(values)) for values in units)


def _machine(results: Results) -> str:
    lines = ["## Machine and versions", "", "| | |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in results.machine.items()])


def _base_name(key: str) -> str:
    return "scan" if key == "scan" else TITLES[key]


def models_table(results: Results) -> str:
    """Write the median CPU seconds of every step as plain text, the slowest first."""
    one, many = (
        {name: Spread.of(values).median for name, values in results.steps[key].items()}
        for key in ("sql", "sql_dates")
    )
    lines = [f"{'CPU s at x1':44}{'1 date':>9}{'20 dates':>10}"]
    lines += [
        f"{name:44}{one[name]:9.3f}{many[name]:10.3f}"
        for name in sorted(one, key=lambda name: -max(one[name], many[name]))
    ]
    total = [sum(part[name] for name in part if not name.startswith("(")) for part in (one, many)]
    lines.append(f"{'all but (views on their own)':44}{total[0]:9.3f}{total[1]:10.3f}")
    return "\n".join(lines) + "\n"


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)}-{_number(spread.high)})"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"
