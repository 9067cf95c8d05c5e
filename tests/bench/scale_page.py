"""The results of `tests.bench.scale` as a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Any

FEATURES_TO, SCORES_TO = "segments", "scores"
GOALS = {FEATURES_TO: 360, SCORES_TO: 900}  # seconds at x100
GOAL_SIZE, GOAL_EXPONENT, GOAL_PEAK_BYTES = 100, 1.05, 5e9
GOAL_MEMORY = "3500MB"  # the goal allows 4 GB; beside what DuckDB limits lie some 600 MB
SLOWEST = 25

HEAD = """# From raw lines to scores at a hundred times the size

    make bench-scale SIZES="1 10 100" FOLDER=folder   # x100: 1 GB of data; leave 40 GB of disk

The shops come from the simulator (`regulars.simulate`) in the shape of UCI's Online Retail II: 25 months, 184 lines a
customer, a fifth of the lines anonymous, its dirt, and customers and products of their own at every size, not copies.
`tests/bench/scale.py` makes each layer of a new warehouse in a dbt process of its own: elapsed and CPU seconds of
the whole process (Python's start and dbt's parsing, some 6 s, included), its largest resident memory, and the most
that DuckDB's temporary files held. The scan, made just before, reads the files' columns and does nothing with them: ratios
to it can be compared with those of another machine, or of a slower hour. Models are made {threads} at a time; DuckDB uses all cores. The page is written
from the results kept in the folder.
"""


def render(runs: Sequence[Mapping[str, Any]]) -> str:
    """Write the page.

    Args:
        runs: What `tests.bench.scale.measure` found, in any order.
    """
    runs = sorted(runs, key=lambda run: (run["size"], -_gigabytes(run["memory"]), run["threads"]))
    main = [run for run in runs if run["memory"] == GOAL_MEMORY]
    threads = " or ".join(sorted({str(run["threads"]) for run in runs}))
    parts = [HEAD.format(threads=threads), _shops(runs), _goals(runs), _runs(runs)]
    if len({run["size"] for run in main}) > 1:
        parts.append(_growth(main))
    parts.append(_slowest(max(main or runs, key=lambda run: run["size"])))
    machine = runs[-1]["machine"]
    parts.append(
        f"Machine: {machine['cores']} cores, {machine['memory_bytes'] / 1e9:.0f} GB, "
        f"{machine['system']}. A load above 0.5 before a run means that others worked beside it: its CPU "
        "seconds count then, not its elapsed ones.\n"
    )
    return "\n".join(parts)


def through(run: Mapping[str, Any], layer: str, measure: str) -> float | None:
    """Sum a measure of all layers up to one; None where the run did not get there."""
    names = list(run["layers"])
    if layer not in names:
        return None
    return sum(run["layers"][name][measure] for name in names[: names.index(layer) + 1])


def exponent(small: float, large: float, *, growth: float) -> float:
    """The power of the growth of the input by which a cost grew."""
    return log(large / small) / log(growth)


def _shops(runs: Sequence[Mapping[str, Any]]) -> str:
    rows = {run["size"]: run["shop"] for run in runs}
    body = [
        f"| x{size} | {shop['lines']:,} | {shop['orders']:,} | {shop['customers']:,} "
        f"| {shop['products']:,} | {shop['parquet_bytes'] / 1e6:,.0f} |"
        for size, shop in rows.items()
    ]
    head = [
        "| size | lines | invoices | customers | stock codes | Parquet MB |",
        "|---|" + "---:|" * 5,
    ]
    return "\n".join(["## Shops", "", *head, *body, ""])


def _goals(runs: Sequence[Mapping[str, Any]]) -> str:
    at_goal = [run for run in runs if run["size"] == GOAL_SIZE and run["memory"] == GOAL_MEMORY]
    if not at_goal:
        return ""
    run = at_goal[0]
    rows = []
    for layer, seconds in GOALS.items():
        wall, cpu = through(run, layer, "wall_seconds"), through(run, layer, "cpu_seconds")
        if wall is not None and cpu is not None:
            rows.append(
                f"| raw Parquet to {layer} | ≤ {seconds} s | {wall:,.0f} s ({cpu:,.0f} CPU s; load before "
                f"{run['load_before']:.1f}) | {_verdict(wall <= seconds)} |"
            )
    # the goal ends with the scores
    names = list(run["layers"])
    judged = names[: names.index(SCORES_TO) + 1] if SCORES_TO in names else names
    peak, last = max(run["layers"][name]["peak_bytes"] for name in judged), names[-1]
    verdict = _verdict(peak <= GOAL_PEAK_BYTES)
    if SCORES_TO not in run["layers"] and peak <= GOAL_PEAK_BYTES:
        verdict = f"not known: the run ended after {last}"
    rows.append(
        f"| largest resident memory to {SCORES_TO} | ≤ {GOAL_PEAK_BYTES / 1e9:.0f} GB | {peak / 1e9:.2f} GB | {verdict} |"
    )
    head = [
        f"| x{GOAL_SIZE}, DuckDB at {GOAL_MEMORY} (the goal allows 4 GB) | goal | measured | |",
        "|---|---:|---:|---|",
    ]
    return "\n".join(["## Goals", "", *head, *rows, ""])


def _runs(runs: Sequence[Mapping[str, Any]]) -> str:
    parts = ["## Layers", ""]
    for run in runs:
        parts += [
            f"### x{run['size']}, DuckDB at {run['memory']}, load before {run['load_before']:.1f}",
            "",
            "| layer | elapsed s | CPU s | CPU ÷ scan | resident MB | spilled MB | database MB |",
            "|---|" + "---:|" * 6,
            f"| bare scan | {run['scan']['wall_seconds']:,.1f} | {run['scan']['cpu_seconds']:,.1f} "
            f"| 1.0 | {run['scan']['peak_bytes'] / 1e6:,.0f} | | |",
        ]
        scan = run["scan"]["cpu_seconds"]
        costs = dict(run["layers"])
        if "tests" in run:
            costs["all data tests"] = run["tests"]
        parts += [
            f"| {layer} | {cost['wall_seconds']:,.1f} | {cost['cpu_seconds']:,.1f} "
            f"| {cost['cpu_seconds'] / scan:,.1f} | {cost['peak_bytes'] / 1e6:,.0f} | {cost['spilled_bytes'] / 1e6:,.0f} "
            f"| {cost['database_bytes'] / 1e6:,.0f} |"
            for layer, cost in costs.items()
        ]
        for layer in (FEATURES_TO, SCORES_TO):
            wall, cpu = through(run, layer, "wall_seconds"), through(run, layer, "cpu_seconds")
            if wall is not None and cpu is not None:
                parts.append(
                    f"| *through {layer}* | *{wall:,.1f}* | *{cpu:,.1f}* | *{cpu / scan:,.1f}* | | | |"
                )
        parts.append("")
    return "\n".join(parts)


def _growth(runs: Sequence[Mapping[str, Any]]) -> str:
    by_size = {run["size"]: run for run in reversed(runs)}
    sizes = sorted(by_size)
    steps = list(pairwise(sizes))
    if len(sizes) > 2:
        steps.append((sizes[0], sizes[-1]))
    head = "".join(f" x{low} to x{high} |" for low, high in steps)
    rows = [
        "## Growth",
        "",
        f"Exponents of the lines with which the sum of a layer's model seconds grows (goal: at most "
        f"{GOAL_EXPONENT}). Starting dbt is left out.",
        "",
        f"| layer |{head}",
        "|---|" + "---:|" * len(steps),
    ]
    for layer in by_size[sizes[0]]["layers"]:
        cells = []
        for low, high in steps:
            pair = [by_size[low], by_size[high]]
            if not all(layer in run["layers"] for run in pair):
                cells.append("")
                continue
            small, large = (sum(run["layers"][layer]["models"].values()) for run in pair)
            growth = pair[1]["shop"]["lines"] / pair[0]["shop"]["lines"]
            cells.append(f"{exponent(small, large, growth=growth):.2f}")
        rows.append(f"| {layer} | " + " | ".join(cells) + " |")
    return "\n".join([*rows, ""])


def _slowest(run: Mapping[str, Any]) -> str:
    models = [
        (seconds, name, layer, cost.get("model_peak_bytes", {}).get(name))
        for layer, cost in run["layers"].items()
        for name, seconds in cost["models"].items()
    ]
    rows = [
        f"| {name} | {layer} | {seconds:,.1f} | {f'{peak / 1e6:,.0f}' if peak else ''} |"
        for seconds, name, layer, peak in sorted(models, key=lambda one: (-one[0], one[1]))[
            :SLOWEST
        ]
    ]
    title = f"## The slowest models at x{run['size']}, DuckDB at {run['memory']}"
    about = (
        "Resident memory is the most that dbt's process held while the model was made, with what DuckDB keeps of the "
        "ones before; processes of a model's own, as of training, count in the layer only."
    )
    head = ["| model | layer | elapsed s | resident MB |", "|---|---|---:|---:|"]
    return "\n".join([title, "", about, "", *head, *rows, ""])


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _gigabytes(memory: str) -> float:
    number = float("".join(sign for sign in memory if sign.isdigit() or sign == "."))
    return number / 1000 if memory.upper().endswith("MB") else number
