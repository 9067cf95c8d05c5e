import pytest

from regulars.errors import UnusableInputError
from regulars.ingest.files import Kind, find_files, kind_of


def names(files):
    return [file.path.name for file in files]


def touch(folder, *file_names):
    folder.mkdir(exist_ok=True)
    for name in file_names:
        (folder / name).write_text("x")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", Kind.CSV),
        ("A.CSV.GZ", Kind.CSV),
        ("a.tsv", Kind.CSV),
        ("a.b.parquet", Kind.PARQUET),
        ("a.XLSX", Kind.XLSX),
        ("a.xls", None),
        ("csv", None),
    ],
)
def test_the_extension_says_the_kind(tmp_path, name, kind):
    assert kind_of(tmp_path / name) is kind


def test_a_folder_stands_for_its_supported_files_sorted_by_path(tmp_path):
    touch(tmp_path, "b.csv", "a.xlsx", "c.parquet", "notes.txt", ".hidden.csv", "~$a.xlsx")
    touch(tmp_path / "older", "d.csv")
    assert names(find_files([str(tmp_path)])) == ["a.xlsx", "b.csv", "c.parquet"]


def test_several_paths_keep_their_order_and_a_file_counts_once(tmp_path):
    touch(tmp_path, "2010.csv", "2011.csv", "2012.csv")
    found = find_files([str(tmp_path / "2012.csv"), str(tmp_path / "*.csv")])
    assert names(found) == ["2012.csv", "2010.csv", "2011.csv"]


def test_a_single_path_may_be_given_as_text(tmp_path):
    touch(tmp_path, "2010.csv")
    assert names(find_files(str(tmp_path / "2010.csv"))) == ["2010.csv"]


def test_relative_paths_start_at_the_current_folder(tmp_path, monkeypatch):
    touch(tmp_path, "2010.csv")
    monkeypatch.chdir(tmp_path)
    assert find_files(["2010.csv"])[0].path == tmp_path / "2010.csv"


def test_a_file_with_glob_characters_in_its_name_is_that_file(tmp_path):
    touch(tmp_path, "sales[1].csv", "sales1.csv")
    assert names(find_files([str(tmp_path / "sales[1].csv")])) == ["sales[1].csv"]


def test_a_folder_without_supported_files_lists_what_it_has(tmp_path):
    touch(tmp_path, "notes.txt", "scan.pdf")
    with pytest.raises(UnusableInputError, match=r"no file that can be read.*'notes.txt', 'scan"):
        find_files([str(tmp_path)])


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(UnusableInputError, match="Found: none"):
        find_files([str(tmp_path)])


def test_a_missing_file_names_the_absolute_path_and_likely_candidates(tmp_path, monkeypatch):
    touch(tmp_path, "sales_2010.csv", "other.parquet", "notes.txt")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableInputError) as caught:
        find_files(["sales_2001.csv"])
    message = str(caught.value)
    assert f"no file or folder {tmp_path / 'sales_2001.csv'}" in message
    assert "'sales_2010.csv', 'other.parquet'" in message
    assert "notes.txt" not in message


def test_a_missing_folder_names_the_nearest_that_exists(tmp_path):
    with pytest.raises(UnusableInputError, match=f"does not exist .but {tmp_path} does"):
        find_files([str(tmp_path / "data" / "2010" / "sales.csv")])


def test_a_glob_without_match_says_where_it_looked(tmp_path):
    touch(tmp_path, "sales.csv")
    with pytest.raises(UnusableInputError, match=r"No file matches the glob .*\*\.xlsx.*'sales\.c"):
        find_files([str(tmp_path / "*.xlsx")])


def test_an_old_workbook_gets_advice(tmp_path):
    touch(tmp_path, "sales.xls")
    with pytest.raises(UnusableInputError, match=r"Save it as \.xlsx"):
        find_files([str(tmp_path / "sales.xls")])


@pytest.mark.parametrize("paths", [[], [" "]])
def test_no_path_is_an_error(paths):
    with pytest.raises(UnusableInputError, match=r"No path|blank"):
        find_files(paths)
