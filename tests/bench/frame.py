"""Child of the benchmark: the features in pandas or Polars, with the project's product categories.

Run as a program: ``python frame.py pandas|polars OUT.parquet CATEGORIES.parquet FILE...``.
"""

import sys

import pyarrow.parquet as pq


def main(engine: str, target: str, categories_file: str, *files: str) -> None:
    """Compute the features as of the day after the last line, and write them."""
    columns = pq.read_table(categories_file).to_pydict()
    categories = dict(zip(columns["stock_code"], columns["category"], strict=True))
    if engine == "pandas":
        import features_pandas

        frame = features_pandas.customer_features(files, as_of_date=None, categories=categories)
        frame.to_parquet(target)
    else:
        import features_polars

        frame = features_polars.customer_features(files, as_of_date=None, categories=categories)
        frame.write_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
