"""Time, memory and disk of the whole way from raw lines to scores, on shops of one to a hundred times the real size.

Run `python -m tests.bench.scale SIZE... --folder FOLDER`, or `make bench-scale SIZES="1 10"`. A size is a multiple of
UCI's million lines and 5,800 customers; its shop is simulated with the real shape (lines of an order and of a
customer, share of anonymous lines, dirt, 25 months), with customers and products of its own. Each layer is one
dbt process on a fresh warehouse, measured by what the system says it used. Results are kept beside the data,
so that sizes can be measured on different days; the page is written from all that are there. This process only
starts the measured ones and imports nothing large, see `measure.run_child`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.measure import ChildError, run_child
from tests.bench.scale_page import GOAL_MEMORY, render

PROJECT = Path(__file__).resolve().parents[2]
CUSTOMERS, MONTHS, ORDER_LINES, START = 5_800, 25, 52, "2009-12-01"
# times that the catalogue of 800 products is carried, by size: UCI sells 4,700, a large shop more
EDITIONS = {1: 6, 10: 12, 100: 24}
SIMULATE = """
import sys
from datetime import date
from pathlib import Path
from regulars.simulate import ShopSettings, write_parquet
customers, months, editions, order_lines = map(int, sys.argv[2:6])
write_parquet(
    ShopSettings(
        customers=customers, months=months, seed=7, start=date.fromisoformat(sys.argv[6]),
        editions=editions, order_lines=order_lines,
    ),
    Path(sys.argv[1]),
)
"""
COUNT = """
import json, sys, duckdb
duckdb.execute("set enable_progress_bar = false")
lines, orders, customers, products = duckdb.execute(
    'select count(*), count(distinct "Invoice"), count(distinct "Customer ID"), '
    'count(distinct upper(trim("StockCode"))) from read_parquet(?)', [sys.argv[1] + "/*.parquet"]
).fetchone()
print(json.dumps(dict(lines=lines, orders=orders, customers=customers, products=products)))
"""
SCAN = "tests/bench/scan.py"
DBT = "tests.bench.dbt_memory"
# layer: the models that it ends with, by name or by folder; those made before are not made again
LAYERS = {
    "input": ("py_raw_transactions",),
    "cleaning": ("int_transactions_disposed", "int_products"),
    "orders and features": ("customer_features",),
    "segments": ("models/marts/segments/",),
    "training": ("model_registry",),
    "scores": ("customer_scores",),
    "sales and quality": ("models/marts/sales/", "models/marts/quality/", "models/marts/products/"),
    "clusters": ("models/marts/clusters/",),
    "baskets": ("models/marts/baskets/",),
    "timing and customers": ("models/marts/timing/", "models/marts/customers/"),
    "predictions, insights, campaigns": ("models/marts/",),
    "report": ("models/report/",),
}
SCORES = "scores"
POLL_SECONDS = 0.2

_logger = logging.getLogger("scale")


class Warehouse:
    """A warehouse of one size, in which layer after layer is made.

    Attributes:
        folder: Its own; holds the database, dbt's target and logs.
    """

    def __init__(self, folder: Path, *, data: Path, memory: str, threads: int) -> None:
        self.folder = folder
        self._threads = threads
        self._data = data
        self._made: set[str] = set()
        self._environment = {
            "REGULARS_WAREHOUSE": str(self.database),
            "REGULARS_MEMORY_LIMIT": memory,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DO_NOT_TRACK": "1",
        }
        self.dbt("seed")
        manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
        self._nodes: dict[str, Any] = {
            key: node for key, node in manifest["nodes"].items() if key.startswith("model.")
        }

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / "regulars_warehouse.duckdb"

    def dbt(self, *arguments: str) -> dict[str, Any]:
        """Run dbt in a process of its own.

        Returns:
            wall_seconds, cpu_seconds, peak_bytes (resident), spilled_bytes (largest sum of DuckDB's temporary
            files), database_bytes afterwards, and by model its seconds and its peak_bytes (of dbt's process).
        """
        peaks = self.folder / "peaks.json"
        spilled, stop = [0], threading.Event()
        watcher = threading.Thread(target=self._watch, args=(spilled, stop))
        watcher.start()
        try:
            usage = run_child(
                [
                    *(sys.executable, "-m", DBT, peaks, "--quiet", *arguments),
                    *("--threads", str(self._threads), "--profiles-dir", PROJECT),
                    *("--vars", json.dumps({"transactions_path": str(self._data)})),
                ],
                log=self.folder / "child.log",
                cwd=PROJECT,
                env=self._environment,
            )
        finally:
            stop.set()
            watcher.join()
        of_models = json.loads(peaks.read_text(encoding="utf-8"))
        text = (self.folder / "target" / "run_results.json").read_text(encoding="utf-8")
        return {
            "wall_seconds": usage.wall_seconds,
            "cpu_seconds": usage.cpu_seconds,
            # dbt_memory starts the process's own peak anew for each model
            "peak_bytes": max([usage.peak_bytes, *of_models.values()]),
            "spilled_bytes": spilled[0],
            "database_bytes": self.database.stat().st_size,
            "models": {
                result["unique_id"].rpartition(".")[-1]: result["execution_time"]
                for result in json.loads(text)["results"]
                if result["unique_id"].startswith("model.")
            },
            "model_peak_bytes": of_models,
        }

    def make(self, layer: str) -> dict[str, Any]:
        """Make the models of a layer that are not there yet."""
        wanted: set[str] = set()
        for key, node in self._nodes.items():
            path = node["original_file_path"]
            if any(path.startswith(end) or node["name"] == end for end in LAYERS[layer]):
                self._add(key, wanted)
        self._made |= wanted
        names = sorted(self._nodes[key]["name"] for key in wanted)
        return self.dbt("run", "--select", *names)

    def _add(self, key: str, wanted: set[str]) -> None:
        if key in self._made or key in wanted or key not in self._nodes:
            return
        wanted.add(key)
        for parent in self._nodes[key]["depends_on"]["nodes"]:
            self._add(parent, wanted)

    def _watch(self, spilled: list[int], stop: threading.Event) -> None:
        folder = self.database.with_name(f"{self.database.name}.tmp")
        while not stop.wait(POLL_SECONDS):
            # files come and go while they are listed
            total = 0
            for file in folder.glob("*") if folder.exists() else ():
                try:
                    total += file.stat().st_size
                except FileNotFoundError:
                    continue
            spilled[0] = max(spilled[0], total)


def shop(folder: Path, size: int) -> tuple[Path, dict[str, Any]]:
    """Simulate a shop unless it is there, and count what it holds."""
    data, log = folder / f"x{size}", folder / "child.log"
    seconds = None
    if not data.exists():
        _logger.info("x%d: simulating", size)
        numbers = (
            size * CUSTOMERS,
            MONTHS,
            EDITIONS.get(size, max(EDITIONS.values())),
            ORDER_LINES,
        )
        arguments = [str(number) for number in numbers]
        partial = folder / f"x{size}.partial"
        usage = run_child(
            [sys.executable, "-c", SIMULATE, partial, *arguments, START], log=log, cwd=PROJECT
        )
        partial.rename(data)
        seconds = usage.wall_seconds
    run_child([sys.executable, "-c", COUNT, data], log=log)
    counted = json.loads(log.read_text(encoding="utf-8"))
    counted["parquet_bytes"] = sum(file.stat().st_size for file in data.glob("*.parquet"))
    return data, counted | {"simulating_seconds": seconds}


def scan(folder: Path, data: Path) -> dict[str, float]:
    """Read the files' columns and do nothing with them: how fast the machine is just now."""
    files = sorted(data.glob("*.parquet"))
    usage = run_child([sys.executable, PROJECT / SCAN, *files], log=folder / "child.log")
    return asdict(usage)


def measure(folder: Path, size: int, options: argparse.Namespace) -> None:
    """Make a warehouse of a size layer by layer; results are written after each."""
    data, counted = shop(folder, size)
    name = f"x{size}_{options.memory}_{options.threads}.json"
    results: dict[str, Any] = {
        "size": size,
        "memory": options.memory,
        "threads": options.threads,
        "machine": _machine(),
        "load_before": os.getloadavg()[0],
        "shop": counted,
        "scan": scan(folder, data),
        "layers": {},
    }
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"x{size}-") as place:
        warehouse = Warehouse(
            Path(place), data=data, memory=options.memory, threads=options.threads
        )
        for layer in LAYERS:
            cost = warehouse.make(layer)
            results["layers"][layer] = cost
            (folder / name).write_text(json.dumps(results, indent=1), encoding="utf-8")
            _log(size, layer, cost)
            if layer == SCORES and options.until_scores:
                return
        if options.tests:
            results["tests"] = warehouse.dbt("test", "--exclude", "test_type:unit")
            (folder / name).write_text(json.dumps(results, indent=1), encoding="utf-8")
            _log(size, "data tests", results["tests"])


def _log(size: int, layer: str, cost: Mapping[str, Any]) -> None:
    _logger.info(
        "x%-4d%-34s %7.1f s %7.1f CPU s %6.0f MB resident %6.0f MB spilled",
        size,
        layer,
        cost["wall_seconds"],
        cost["cpu_seconds"],
        cost["peak_bytes"] / 1e6,
        cost["spilled_bytes"] / 1e6,
    )


def _machine() -> dict[str, Any]:
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_bytes": pages,
        "system": f"{platform.system()} {platform.machine()}",
    }


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, help="multiples of a million lines")
    parser.add_argument("--folder", type=Path, required=True, help="data and results; kept")
    parser.add_argument("--memory", default=GOAL_MEMORY, help=f"DuckDB's limit ({GOAL_MEMORY})")
    parser.add_argument(
        "--threads", type=int, default=1, help="models that dbt makes at a time (1)"
    )
    parser.add_argument("--until-scores", action="store_true", help="leave out what comes after")
    parser.add_argument("--tests", action="store_true", help="run the data tests too")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "benchmarks_scale.md")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder.resolve()
    try:
        for size in options.sizes:
            measure(folder, size, options)
    except ChildError as error:
        sys.exit(str(error))
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("x*_*_*.json")]
    if runs:
        options.out.write_text(render(runs), encoding="utf-8")
        _logger.info("wrote %s", options.out)
    for left in folder.glob("x*.partial"):
        shutil.rmtree(left)


if __name__ == "__main__":
    main()
