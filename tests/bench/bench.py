"""Time and memory from transaction files to features and segmentations; writes docs/benchmarks.md.

Run as a program: ``python tests/bench/bench.py [--data FOLDER] [--out FILE]``. This process only
starts the measured ones and imports nothing large, see `measure.run_child`.
"""

import argparse
import csv
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from measure import ChildError, Usage, run_child
from report import (
    TITLES,
    Results,
    Segmentations,
    Segmenting,
    models_table,
    render,
    with_segmentations,
)

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
DATABASE_NAME = "bench.duckdb"  # as in plan.py
SIMULATED_CUSTOMERS = 6_000
COPIES = 10
# by size and contender; what takes long is repeated less
REPEATS = {
    1: {"scan": 3, "sql": 3, "sql_dates": 3, "build": 3, "pandas": 3, "polars": 3},
    COPIES: {"scan": 3, "sql": 3, "build": 1, "pandas": 3, "polars": 3},
}
PANDAS_LIMIT_BYTES = 8_000_000_000
BUILD_LIMIT_SECONDS = 150
WAREHOUSE_NAME = "regulars_warehouse.duckdb"  # as `regulars build --db regulars.duckdb` calls it
WAREHOUSE_DATA = "those in the warehouse of a finished build of the data at x1"
SEGMENTATION_REPEATS = 3
SEGMENTED_CUSTOMERS = (60_000, 600_000)

_logger = logging.getLogger("bench")


@dataclass
class Bench:
    """Where the benchmark works, and what it has found.

    Attributes:
        folder: Temporary files.
        files: Input files by size.
        results: Filled as measurements are made.
        sql_options: Further options of `sql_part.py`.
    """

    folder: Path
    results: Results
    files: dict[int, list[Path]] = field(default_factory=dict)
    sql_options: list[str] = field(default_factory=list)

    def run(self, script: str, *arguments: str | Path) -> str:
        """Run one of the children beside this file, and return what it printed."""
        log = self.folder / "child.log"
        run_child([sys.executable, HERE / script, *arguments], log=log)
        return log.read_text(encoding="utf-8")

    def measure(self, key: str, size: int) -> Usage:
        """Measure a contender once; what it writes is thrown away, but for the costs of its steps."""
        with self._fresh_folder() as place:
            usage = run_child(
                self._command(key, size, place),
                log=self.folder / "child.log",
                cwd=PROJECT,
                env={"DBT_TARGET_PATH": str(place / "target"), "DBT_LOG_PATH": str(place / "logs")},
            )
            steps = place / "steps.json"
            if size == 1 and steps.exists():
                by_name = self.results.steps.setdefault(key, {})
                for step in json.loads(steps.read_text(encoding="utf-8")):
                    by_name.setdefault(step["name"], []).append(step["cpu_seconds"])
            if key == "build" and size == 1:
                shutil.move(place / WAREHOUSE_NAME, self.folder / WAREHOUSE_NAME)
        _logger.info(
            "x%-3d%-10s %7.2f CPU s %7.2f s %6.0f MB",
            size,
            key,
            usage.cpu_seconds,
            usage.wall_seconds,
            usage.peak_bytes / 1e6,
        )
        return usage

    def segment(
        self,
        plan: Path,
        warehouse: Path,
        *,
        customers: int | None = None,
        recipe: str | None = None,
    ) -> Segmenting:
        """Fit all recipes and assign the customers of a warehouse or copies of them, or fit one recipe."""
        with self._fresh_folder() as place:
            database, target = place / DATABASE_NAME, place / "costs.json"
            size = [] if customers is None else [str(customers)]
            self.run("segmentations.py", "prepare", plan, warehouse, database, *size)
            only = [] if recipe is None else [recipe]
            usage = run_child(
                [sys.executable, HERE / "segmentations.py", "run", plan, database, target, *only],
                log=self.folder / "child.log",
            )
            costs = json.loads(target.read_text(encoding="utf-8"))
        is_fit = [step["kind"] == "python" for step in costs["steps"]]
        fit = costs["steps"][is_fit.index(True)]
        assigning = costs["steps"][is_fit.index(True) + 1 :]
        run = Segmenting(
            costs["customers"],
            Usage(fit["cpu_seconds"], fit["wall_seconds"], fit["peak_bytes"]),
            Usage(
                sum(step["cpu_seconds"] for step in assigning),
                sum(step["wall_seconds"] for step in assigning),
                usage.peak_bytes,
            ),
        )
        _logger.info("%s", f"{recipe or 'all recipes'}: {run}")
        return run

    def check(self) -> None:
        """Make sure that SQL, pandas and Polars compute the same.

        Raises:
            ChildError: They don't; the message names the columns.
        """
        place = self.folder / "check"
        place.mkdir()
        self._copy_seeds(place)
        database, plan = place / DATABASE_NAME, self.folder / "plan" / "one_date.json"
        self.run("sql_part.py", plan, database, "--export", place, *self.files[1])
        database.unlink()
        others = [place / f"{engine}.parquet" for engine in ("pandas", "polars")]
        for other in others:
            self.run("frame.py", other.stem, other, place / "categories.parquet", *self.files[1])
        self.results.check = self.run("compare.py", place / "sql.parquet", *others).strip()
        _logger.info("equal: %s", self.results.check)

    def _command(self, key: str, size: int, place: Path) -> list[str | Path]:
        files = self.files[size]
        if key == "scan":
            return [sys.executable, HERE / "scan.py", *files]
        if key in ("pandas", "polars"):
            categories = self.folder / "check" / "categories.parquet"
            target = place / "features.parquet"
            return [sys.executable, HERE / "frame.py", key, target, categories, *files]
        if key == "build":
            data = [part for file in files for part in ("--data", file)]
            start = "from regulars.cli import main; main()"
            return [
                *(sys.executable, "-c", start, "build", "--quiet"),
                *("--db", place / "regulars.duckdb", "--out", place / "outputs", *data),
            ]
        self._copy_seeds(place)
        plan = "all_dates.json" if key == "sql_dates" else "one_date.json"
        return [
            *(sys.executable, HERE / "sql_part.py", self.folder / "plan" / plan),
            *(place / DATABASE_NAME, "--steps", place / "steps.json", *self.sql_options, *files),
        ]

    def _copy_seeds(self, place: Path) -> None:
        shutil.copy(self.folder / "plan" / DATABASE_NAME, place / DATABASE_NAME)

    @contextmanager
    def _fresh_folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            yield Path(place)


def find_data(bench: Bench, data: Path | None) -> None:
    """Set the files of x1: those of the folder, or a simulated shop.

    Raises:
        SystemExit: The folder holds no Parquet file.
    """
    if data is None:
        folder = bench.folder / "simulated"
        _logger.info("no --data: simulating a shop of %d customers", SIMULATED_CUSTOMERS)
        bench.run("inputs.py", "simulate", folder, str(SIMULATED_CUSTOMERS))
        bench.results.data = (
            f"a simulated shop (`regulars simulate --customers {SIMULATED_CUSTOMERS}`), since no "
            "data were given; the goals are meant for UCI Online Retail II"
        )
    else:
        folder = data
    bench.files[1] = sorted(folder.glob("*.parquet"))
    if not bench.files[1]:
        sys.exit(f"There is no Parquet file in {folder}.")
    if data is not None:
        names = ", ".join(f"`{file.name}`" for file in bench.files[1])
        bench.results.data = f"the files given by `--data` ({names})"


def prepare(bench: Bench, *, with_copies: bool) -> None:
    """Make the files of x10, and compile the project's SQL."""
    target = bench.folder / "data.json"
    bench.run("inputs.py", "describe", target, *bench.files[1])
    described = json.loads(target.read_text(encoding="utf-8"))
    bench.results.rows[1] = described["rows"]
    if with_copies:
        _logger.info("writing %d copies of %d rows", COPIES, described["rows"])
        folder = bench.folder / "copies"
        folder.mkdir()
        bench.run("inputs.py", "multiply", folder, str(COPIES), *bench.files[1])
        bench.files[COPIES] = [folder / file.name for file in bench.files[1]]
        bench.results.rows[COPIES] = COPIES * described["rows"]
    _logger.info("compiling the SQL")
    plan = bench.folder / "plan"
    plan.mkdir()
    bench.run("plan.py", "features", plan, *described["feature_dates"])


def measure_all(bench: Bench) -> None:
    """Measure every contender at every size, in turns."""
    for size in bench.files:
        repeats = dict(REPEATS[size])
        if size > 1:
            for key, reason in _too_large(bench).items():
                del repeats[key]
                bench.results.skipped[size, key] = reason
                _logger.info("x%-3d%-10s %s", size, key, reason)
        by_key: dict[str, list[Usage]] = {key: [] for key in TITLES if key in repeats}
        bench.results.usages[size] = by_key
        for repeat in range(max(repeats.values())):
            for key, usages in by_key.items():
                if repeat < repeats[key]:
                    usages.append(bench.measure(key, size))


def measure_models(bench: Bench) -> None:
    """Measure the SQL part only, and each of its views besides."""
    bench.sql_options = ["--views"]
    bench.results.usages[1] = {"sql": [], "sql_dates": []}
    for _ in range(REPEATS[1]["sql_dates"]):
        for key, usages in bench.results.usages[1].items():
            usages.append(bench.measure(key, 1))


def measure_segmentations(bench: Bench, warehouse: Path, *, data: str) -> None:
    """Measure each recipe alone, and all of them at growing numbers of customers."""
    _logger.info("segmentations: compiling the SQL")
    folder = bench.folder / "segmentations"
    folder.mkdir()
    bench.run("plan.py", "segmentations", folder)
    plan = folder / "segmentations.json"
    seed = PROJECT / "seeds" / "segmentation" / "segmentation_recipes.csv"
    with seed.open(encoding="utf-8", newline="") as opened:
        recipes = {row["recipe"]: row["algorithm"] for row in csv.DictReader(opened)}
    found = Segmentations(data, recipes, os.getloadavg()[0], _cores())
    bench.results.segmentations = found
    own = "own"
    for _ in range(SEGMENTATION_REPEATS):
        for recipe in recipes:
            found.alone.setdefault(recipe, []).append(bench.segment(plan, warehouse, recipe=recipe))
        found.together.setdefault(own, []).append(bench.segment(plan, warehouse))
    for customers in SEGMENTED_CUSTOMERS:
        found.together[str(customers)] = [bench.segment(plan, warehouse, customers=customers)]


def _too_large(bench: Bench) -> dict[str, str]:
    """Say which contenders can't be measured at x10, going by x1."""
    found = {}
    of_pandas, of_build = (bench.results.usages[1][key] for key in ("pandas", "build"))
    memory = COPIES * max(usage.peak_bytes for usage in of_pandas)
    if memory > min(PANDAS_LIMIT_BYTES, _memory_bytes()):
        found["pandas"] = f"left out: it might need {memory / 1e9:.0f} GB"
    seconds = COPIES * min(usage.wall_seconds for usage in of_build)
    if seconds > BUILD_LIMIT_SECONDS:
        found["build"] = f"left out: it might take {seconds / 60:.0f} minutes"
    return found


def machine() -> dict[str, str]:
    """Describe the machine and the versions, without its name."""
    packages = ("duckdb", "dbt-core", "dbt-duckdb", "pandas", "numpy", "pyarrow", "polars")
    packages += ("scikit-learn", "scipy")
    return {
        "CPU": _cpu_model(),
        "cores": str(_cores()),
        "memory": f"{_memory_bytes() / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given = os.environ.get("REGULARS_REAL_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(given) if given else None,
        help="folder of Parquet files with UCI's columns (default: $REGULARS_REAL_DATA, "
        "else a simulated shop)",
    )
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "benchmarks.md")
    parser.add_argument(
        "--models",
        action="store_true",
        help="only print what each model of the SQL part costs at x1 (includes each view on its own)",
    )
    parser.add_argument("--only-x1", action="store_true", help="leave out x10")
    parser.add_argument(
        "--segmentations",
        type=Path,
        metavar="WAREHOUSE",
        help="only measure the segmentations, of the customers in the warehouse of a finished build, "
        "and put their section into the page",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        bench = Bench(Path(folder), Results(data="", machine=machine()))
        try:
            if options.segmentations:
                measure_segmentations(bench, options.segmentations, data=WAREHOUSE_DATA)
                page = options.out.read_text(encoding="utf-8")
                page = with_segmentations(page, bench.results.segmentations)
                options.out.write_text(page, encoding="utf-8")
                return
            find_data(bench, options.data)
            prepare(bench, with_copies=not (options.only_x1 or options.models))
            if options.models:
                measure_models(bench)
                sys.stdout.write(models_table(bench.results))
                return
            bench.check()
            measure_all(bench)
            measure_segmentations(
                bench, bench.folder / WAREHOUSE_NAME, data="those of the data at x1"
            )
        except ChildError as error:
            sys.exit(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(render(bench.results), encoding="utf-8")
    _logger.info("wrote %s", options.out)


if __name__ == "__main__":
    main()
