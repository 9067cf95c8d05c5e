"""What the process of one upload does: look at the file, classify it, try numbers of clusters.

Runs in a process of its own, forked from one that has imported the libraries already, so that memory and
time are bounded from outside and given back whole. Knows files and messages, and nothing of HTTP.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.classify import Limits, classify, read_kit
from regulars.errors import RegularsError, TooLargeError, UnusableInputError
from regulars.ingest.preview import preview_file
from regulars.lab import LabSettings, run_lab
from regulars.warehouse import open_read_only
from regulars.web.problems import Problem, accident, problem_of

# The lowest there is: readers of the published database come first.
NICENESS = 19
TABLES = ("customers", "clusters", "ledger", "observations", "set_aside")


def run(
    task: str, given: dict[str, Any], folder: str, limits: dict[str, Any], sender: Connection
) -> None:
    """Do a task; send steps as they come, and at last its result or problem.

    Args:
        task: "inspect", "classify" or "lab".
        given: Its arguments.
        folder: The upload's private folder.
        limits: `address_bytes`, and what `Limits` takes.
        sender: Takes ("step", done, total, name), then ("done", result) or ("problem", details).
    """
    os.setsid()  # children, such as the reader of workbooks, end with this process
    os.nice(NICENESS)
    os.umask(0o077)
    _limit_memory(limits.pop("address_bytes"))

    def step(done: int, total: int, name: str) -> None:
        sender.send(("step", done, total, name))

    try:
        result = TASKS[task](Path(folder), given, Limits(**limits), step)
    except MemoryError:
        too_large = TooLargeError("The file needs more memory than there is.", limit="memory")
        sender.send(("problem", *_details(problem_of(too_large))))
    except RegularsError as error:
        sender.send(("problem", *_details(problem_of(_without_paths(error, folder)))))
    except duckdb.Error as error:
        problem = accident(error)
        unusable = UnusableInputError(
            "The file cannot be classified: a value in it is beyond what can be computed with. "
            f"The server's log has it as {problem.members['reference']}."
        )
        sender.send(("problem", *_details(problem_of(unusable))))
    except Exception as error:
        sender.send(("problem", *_details(accident(error))))
    else:
        sender.send(("done", result))


def _limit_memory(byte_count: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (byte_count, byte_count))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _details(problem: Problem) -> tuple[int, str, str, dict[str, Any]]:
    return problem.status_code, problem.kind, str(problem.detail), problem.members


def _without_paths(error: RegularsError, folder: str) -> RegularsError:
    """The error with the private folder taken out of its message."""
    error.args = tuple(
        re.sub(re.escape(folder) + r"/?", "", text) if isinstance(text, str) else text
        for text in error.args
    )
    return error


def _inspect(
    folder: Path, given: dict[str, Any], _limits: Limits, _step: Callable[..., None]
) -> dict[str, Any]:
    return asdict(preview_file(folder / given["file"]))


def _classify(
    folder: Path, given: dict[str, Any], limits: Limits, step: Callable[[int, int, str], None]
) -> dict[str, Any]:
    with open_read_only(Path(given["database"])) as connection:
        kit = read_kit(connection)
    reference = given["reference_date"]
    found = classify(
        kit,
        [str(folder / given["file"])],
        reading=given["reading"],
        reference_date=date.fromisoformat(reference) if reference else None,
        limits=limits,
        folder=folder,
        on_step=step,
    )
    for name in TABLES:
        _keep(getattr(found, name), folder / f"{name}.parquet")
    _keep(found.features, folder / "features.parquet")
    _keep(kit.clusters, folder / "cluster_words.parquet")
    return {
        "reference_date": found.reference_date.isoformat(),
        "reference_reason": found.reference_reason,
        "row_count": found.row_count,
        "customer_count": found.customers.num_rows,
        "notes": list(found.notes),
        "drift": [asdict(drift) for drift in found.drift],
        "recipes": list(kit.recipes),
        "training_date": kit.training_date.isoformat(),
        "currency": kit.settings["currency"],
    }


def _lab(
    folder: Path, given: dict[str, Any], _limits: Limits, step: Callable[[int, int, str], None]
) -> dict[str, Any]:
    if given["of_upload"]:
        features = pq.read_table(folder / "features.parquet")
    with open_read_only(Path(given["database"])) as connection:
        if not given["of_upload"]:
            features = connection.execute(
                "from customer_features where as_of_date = (select max(as_of_date) from customers)"
            ).to_arrow_table()
        rules = connection.execute("from main_seeds.cluster_naming_rules").df()
        settings = {
            name: json.loads(value)
            for name, value in connection.execute("from build_settings").fetchall()
        }
    found = run_lab(
        features.to_pandas(),
        rules=rules,
        settings=LabSettings.from_vars(settings),
        on_step=step,
    )
    _keep(found.labels, folder / "labels.parquet")
    return {"counts": [asdict(one) for one in found.counts], "customer_count": len(features)}


def _keep(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "inspect": _inspect,
    "classify": _classify,
    "lab": _lab,
}
