import datetime as dt

import pytest

from regulars.errors import InvalidSettingError, UnusableInputError


@pytest.fixture
def read_dates(read, write_csv):
    """Reads texts as invoice dates: the dates, and which of them are set aside."""

    def read_texts(*texts, **settings):
        lines = [f'536365,71053,LANTERN,6,"{text}",3.39,17850,France' for text in texts]
        rows = read(write_csv(lines), **settings)
        assert {row["parse_error"] for row in rows} <= {None, "unparseable_date"}
        assert all((row["invoice_date"] is None) == bool(row["parse_error"]) for row in rows)
        return [row["invoice_date"] for row in rows]

    return read_texts


EIGHT_26 = dt.datetime(2010, 12, 1, 8, 26)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2010-12-01T08:26:00", EIGHT_26),
        ("2010-12-01 08:26:00", EIGHT_26),
        ("2010-12-01 8:26", EIGHT_26),
        ("2010-12-01T08:26", EIGHT_26),
        ("2010/12/01 08:26", EIGHT_26),
        (" 2010-12-01 08:26 ", EIGHT_26),
        ("2010-12-01 08:26:00.250", dt.datetime(2010, 12, 1, 8, 26, 0, 250_000)),
        ("2010-12-01", dt.datetime(2010, 12, 1)),
        # London is at UTC in December, an hour ahead in July.
        ("2010-12-01T08:26:00Z", EIGHT_26),
        ("2010-07-01T08:26:00Z", dt.datetime(2010, 7, 1, 9, 26)),
        ("2010-12-01 08:26 -05:00", dt.datetime(2010, 12, 1, 13, 26)),
        ("2010-12-01 08:26:00+0100", dt.datetime(2010, 12, 1, 7, 26)),
        ("2010-12-01T08:26:00.5+01", dt.datetime(2010, 12, 1, 7, 26, 0, 500_000)),
    ],
)
@pytest.mark.parametrize("date_format", ["auto", "iso", "day_first", "month_first"])
def test_iso_dates_are_read_under_every_named_format(read_dates, text, date, date_format):
    assert read_dates(text, date_format=date_format) == [date]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("13/12/2010 8:26", dt.datetime(2010, 12, 13, 8, 26)),
        ("13.12.2010 08:26:30", dt.datetime(2010, 12, 13, 8, 26, 30)),
        ("13-12-10", dt.datetime(2010, 12, 13)),
        ("13/12/10 08:26 PM", dt.datetime(2010, 12, 13, 20, 26)),
        ("13/12/2010, 8:26pm", dt.datetime(2010, 12, 13, 20, 26)),
        ("12/13/2010 8:26", dt.datetime(2010, 12, 13, 8, 26)),
        ("12/13/10 12:05 AM", dt.datetime(2010, 12, 13, 0, 5)),
        ("12/31/2010 23:59:59.5", dt.datetime(2010, 12, 31, 23, 59, 59, 500_000)),
    ],
)
def test_auto_takes_the_order_that_a_number_above_12_proves(read_dates, text, date):
    assert read_dates(text) == [date]


def test_one_decisive_date_settles_the_ambiguous_ones(read_dates):
    assert read_dates("01/12/2010 08:26", "31/01/2011 10:00") == [
        EIGHT_26,
        dt.datetime(2011, 1, 31, 10),
    ]


def test_the_order_is_decided_by_all_files_together(read, write_csv):
    first = write_csv(["1,A,B,1,01/02/2010,1,1,UK"], "a.csv")
    second = write_csv(["2,A,B,1,02/25/2010,1,1,UK"], "b.csv")
    assert [row["invoice_date"] for row in read(first, second)] == [
        dt.datetime(2010, 1, 2),
        dt.datetime(2010, 2, 25),
    ]


def test_auto_refuses_to_guess_and_shows_both_readings(read_dates):
    with pytest.raises(UnusableInputError) as caught:
        read_dates("01/12/2010 08:26", "02/03/2011 09:00")
    message = str(caught.value)
    assert "'01/12/2010 08:26' (sales.csv) is 1 December 2010 if the day comes first" in message
    assert "12 January 2010 if the month does" in message
    assert "`date_format` to day_first or month_first" in message


def test_a_date_that_reads_alike_in_both_orders_needs_no_decision(read_dates):
    assert read_dates("05/05/2010") == [dt.datetime(2010, 5, 5)]


def test_auto_reports_a_contradiction_with_both_values(read_dates):
    with pytest.raises(UnusableInputError, match=r"two orders: '13/12/2010'.*'12/14/2010'"):
        read_dates("13/12/2010", "12/14/2010")


def test_a_contradiction_is_settled_by_the_user_and_misfits_are_set_aside(read_dates):
    assert read_dates("13/12/2010", "12/14/2010", date_format="day_first") == [
        dt.datetime(2010, 12, 13),
        None,
    ]


@pytest.mark.parametrize(
    ("date_format", "date"),
    [("day_first", EIGHT_26), ("month_first", dt.datetime(2010, 1, 12, 8, 26))],
)
def test_a_stated_order_reads_ambiguous_dates(read_dates, date_format, date):
    assert read_dates("01/12/2010 08:26", date_format=date_format) == [date]


def test_two_and_four_digit_years_may_be_mixed(read_dates):
    assert read_dates("13/12/10", "13/12/2010") == [dt.datetime(2010, 12, 13)] * 2


def test_iso_and_day_first_may_be_mixed(read_dates):
    assert read_dates("2010-12-01 08:26", "13/12/2010") == [EIGHT_26, dt.datetime(2010, 12, 13)]


@pytest.mark.parametrize(
    "text",
    ["31/02/2010", "45/01/2010", "2010-13-01", "yesterday", "40513.5", "13/12/201", "13/12-2010"],
)
def test_what_fits_no_format_is_set_aside(read_dates, text):
    assert read_dates("13/12/2010", text) == [dt.datetime(2010, 12, 13), None]


def test_iso_takes_nothing_else(read_dates):
    assert read_dates("2010-12-01", "13/12/2010", date_format="iso") == [
        dt.datetime(2010, 12, 1),
        None,
    ]


def test_a_pattern_reads_its_own_form_only(read_dates):
    assert read_dates("20101201 0826", "2010-12-01", date_format="%Y%m%d %H%M") == [EIGHT_26, None]


def test_a_pattern_with_offset_yields_local_time(read_dates):
    found = read_dates("01.07.2010 08:26 +0000", date_format="%d.%m.%Y %H:%M %z")
    assert found == [dt.datetime(2010, 7, 1, 9, 26)]


def test_a_pattern_does_not_take_a_short_year_for_antiquity(read_dates):
    assert read_dates("01/12/10", date_format="%d/%m/%Y") == [None]


def test_blank_dates_are_missing_and_not_unparseable(read, write_csv):
    rows = read(write_csv(["1,A,B,1,  ,1,1,UK", "1,A,B,1,2010-12-01,1,1,UK"]))
    assert [(row["invoice_date"], row["parse_error"]) for row in rows] == [
        (None, None),
        (dt.datetime(2010, 12, 1), None),
    ]


@pytest.mark.parametrize("date_format", ["dayfirst", "", None, "%Q"])
def test_a_format_without_meaning_is_refused(read_dates, date_format):
    with pytest.raises(InvalidSettingError, match="date_format"):
        read_dates("2010-12-01", date_format=date_format)
