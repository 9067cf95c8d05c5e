"""Found by dbt through its name: gives dbt-spark's `session` method the Python models that it lacks."""

from __future__ import annotations

import importlib.util
import os
import sys


def _register() -> None:
    from dbt.adapters.base import PythonJobHelper
    from dbt.adapters.spark import SparkAdapter
    from pyspark.sql import SparkSession

    from regulars.spark import SparkEngine

    class SessionJobHelper(PythonJobHelper):
        def __init__(self, parsed_model: dict, credentials: object) -> None:  # noqa: ARG002
            self._settings = credentials.server_side_parameters

        def submit(self, compiled_code: str) -> None:
            builder = SparkSession.builder
            for name, value in self._settings.items():
                builder = builder.config(name, value)
            with SparkEngine(builder.getOrCreate()) as engine:
                # dbt's way: the code is the project's own
                exec(compiled_code, {"spark": engine, "__name__": "model"})

    helpers = SparkAdapter.python_submission_helpers.fget
    SparkAdapter.python_submission_helpers = property(
        lambda adapter: helpers(adapter) | {"session": SessionJobHelper}
    )
    SparkAdapter.default_python_submission_method = property(lambda _: "session")


if importlib.util.find_spec("dbt.adapters.spark") and importlib.util.find_spec("pyspark"):
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    _register()
