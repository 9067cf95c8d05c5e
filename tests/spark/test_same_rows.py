"""The project's tables are the same on Spark: keys, counts, money and text exactly, doubles to 1e-9."""

from __future__ import annotations

import pytest

from tests.spark.conftest import Builds


def test_every_table_of_the_sample_is_the_same_on_spark(builds: Builds) -> None:
    unequal = builds.unequal_on_spark()
    assert not unequal, "\n".join(f"{table}: {lines}" for table, lines in unequal.items())


@pytest.mark.realdata
def test_every_table_of_the_real_data_is_the_same_on_spark(real_builds: Builds) -> None:
    unequal = real_builds.unequal_on_spark()
    assert not unequal, "\n".join(f"{table}: {lines}" for table, lines in unequal.items())
