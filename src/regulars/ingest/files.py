"""Which files a list of paths, globs and folders means."""

import difflib
import glob
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from regulars.errors import UnusableInputError
from regulars.ingest.columns import listed


class Kind(Enum):
    """What a file's name says it is."""

    CSV = "CSV"
    PARQUET = "Parquet"
    XLSX = "XLSX"


_SUFFIXES = {
    ".csv": Kind.CSV,
    ".csv.gz": Kind.CSV,
    ".tsv": Kind.CSV,
    ".tsv.gz": Kind.CSV,
    ".parquet": Kind.PARQUET,
    ".xlsx": Kind.XLSX,
}
SUPPORTED = "CSV (.csv, .csv.gz, .tsv, .tsv.gz), Parquet (.parquet), Excel (.xlsx)"
_OLD_EXCEL = (".xls", ".xlsm", ".xlsb")

_NAMES_SHOWN = 10
"""How many names an error message lists."""


@dataclass(frozen=True)
class InputFile:
    """One file to read.

    Attributes:
        path: Absolute path.
        kind: What its name says it is.
    """

    path: Path
    kind: Kind

    @property
    def is_gzipped(self) -> bool:
        """Whether the name says that the file is compressed."""
        return self.path.name.lower().endswith(".gz")


def kind_of(path: Path) -> Kind | None:
    """What the file's name says it is; None for kinds that Regulars does not read."""
    name = path.name.lower()
    return next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)


def find_files(paths: Sequence[str]) -> list[InputFile]:
    """List the files that the paths mean, in the order given.

    A folder stands for the supported files directly in it, a glob for the supported files it
    matches, each sorted by path; hidden files and Excel's lock files (`~$…`) are ignored. A file
    reached twice is read once, at its first place.

    Args:
        paths: Files, folders and globs; `~` and relative paths are understood.

    Returns:
        At least one file.

    Raises:
        UnusableInputError: A path leads to nothing that can be read; the message says what was
            looked for and what is there instead.
    """
    given = [paths] if isinstance(paths, str) else list(paths)
    if not given:
        raise UnusableInputError("No path was given to read transactions from.")
    found: dict[Path, InputFile] = {}
    for path in given:
        for file in _files_at(path):
            found.setdefault(file.path.resolve(), file)
    return list(found.values())


def _files_at(given: str) -> list[InputFile]:
    if not given.strip():
        raise UnusableInputError("A path to read transactions from is blank.")
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        return _supported(sorted(path.iterdir()), f"The folder {path}")
    if path.exists():
        return [InputFile(path, _kind_or_error(path))]
    if glob.has_magic(str(path)):
        # Path.glob would want the pattern split into a folder and the rest.
        matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        if matches:
            return _supported(matches, f"The glob {path}")
        raise UnusableInputError(f"No file matches the glob {path}.{_nearby(path)}")
    raise UnusableInputError(f"There is no file or folder {path}.{_nearby(path)}")


def _kind_or_error(path: Path) -> Kind:
    kind = kind_of(path)
    if kind is not None:
        return kind
    advice = (
        " Save it as .xlsx or CSV (macros and the old formats are not read)."
        if path.suffix.lower() in _OLD_EXCEL
        else ""
    )
    raise UnusableInputError(
        f"{path} is of a kind that can't be read; these can: {SUPPORTED}.{advice}"
    )


def _supported(candidates: Sequence[Path], where: str) -> list[InputFile]:
    files = []
    for path in candidates:
        kind = kind_of(path)
        if kind is not None and not path.name.startswith((".", "~$")) and path.is_file():
            files.append(InputFile(path, kind))
    if not files:
        raise UnusableInputError(
            f"{where} has no file that can be read; these can: {SUPPORTED}. "
            f"Found: {_shown([path.name for path in candidates])}."
        )
    return files


def _nearby(path: Path) -> str:
    folder = path.parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    if not folder.is_dir():
        existing = next(parent for parent in folder.parents if parent.is_dir())
        return f" The folder {folder} does not exist (but {existing} does)."
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and (entry.is_dir() or kind_of(entry) is not None)
    )
    alike = difflib.get_close_matches(path.name, names, n=_NAMES_SHOWN)
    return f" In {folder} there are: {_shown(alike + [n for n in names if n not in alike])}."


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return listed(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
