"""The pages, without a browser: their state lies in the address, and downloads hold what they show."""

from __future__ import annotations

import csv
import io
import re
import time
from html import unescape

import pytest
from starlette.testclient import TestClient

from regulars.charts.assets import vega_bundle, vega_licence
from regulars.web.assets import address
from regulars.web.customers import KINDS
from regulars.web.results import KINDS as RESULT_KINDS
from tests.conftest import Build
from tests.web.conftest import SALES, Serve

ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
PART = {"hx-request": "true"}


def cells(page: str, table: str) -> list[list[str]]:
    """The cells of a table's body, as texts."""
    body = page.split(f'id="{table}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [
        [unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", cell, flags=re.S)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
        for row in ROW.findall(body)
    ]  # fmt: skip


def classified(client: TestClient, text: str = SALES, **fields: str) -> str:
    """Upload through the pages; the id of the upload, when it is done."""
    mapping = client.post("/upload", files={"file": ("sales.csv", text.encode())})
    assert mapping.status_code == 200, mapping.text
    upload_id = re.search(r"/upload/([0-9a-f]{32})/classify", mapping.text)[1]
    assert client.post(f"/upload/{upload_id}/classify", data=fields).status_code == 200
    wait(client, f"/upload/{upload_id}/progress")
    return upload_id


def wait(client: TestClient, path: str) -> str:
    """Ask until the work is done, or failed; the last answer."""
    for _ in range(300):
        answer = client.get(path).text
        if "every 400ms" not in answer:
            return answer
        time.sleep(0.1)
    raise AssertionError("the work did not end")


def test_the_first_page_is_explore(client: TestClient) -> None:
    response = client.get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/explore")


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("", "true"),
        ("segment=Champions", "segment = 'Champions'"),
        ("segment=Champions&segment=At+Risk", "segment in ('Champions', 'At Risk')"),
        ("country=France&country=Germany", "primary_country in ('France', 'Germany')"),
        ("recipe=engagement&cluster=Occasional+Buyers", "customer_id in (select customer_id from customer_clusters where recipe = 'engagement' and cluster_name = 'Occasional Buyers')"),
        ("minimum_frequency=5", "frequency >= 5"),
        ("minimum_clv=120.5", "(clv_90d >= 120.5 or clv_90d is null)"),
        ("risk_band=High", "churn_risk_band = 'High'"),
        ("search=125", "customer_id like '125%'"),
        ("segment=Champions&country=United+Kingdom&minimum_frequency=6&minimum_clv=50", "segment = 'Champions' and primary_country = 'United Kingdom' and frequency >= 6 and (clv_90d >= 50 or clv_90d is null)"),
    ],
)  # fmt: skip
def test_the_download_and_the_figures_hold_the_filter(
    client: TestClient, sample: Build, query: str, condition: str
) -> None:
    count, revenue = sample.query(
        f"""
        select count(*), sum(monetary) from customers inner join customer_rfm using (as_of_date, customer_id)
        inner join customer_segments using (as_of_date, customer_id)
        inner join customer_scores using (as_of_date, customer_id, confidence_tier) where {condition}
        """
    )[0]
    assert count > 0
    page = client.get(f"/explore?{query}").text
    assert f"Download these {count:,} customers" in page
    assert f"<dd>{revenue:,.0f}<small>" in page
    download = client.get(f"/explore/customers.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(download.text)))
    assert len(rows) == count
    assert f"_{count}_rows.csv" in download.headers["content-disposition"]
    assert sum(float(row["monetary"]) for row in rows) == pytest.approx(float(revenue))


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("column", sorted(KINDS))
def test_the_table_is_sorted_as_the_download_is(
    client: TestClient, column: str, order: str
) -> None:
    query = f"segment=At+Risk&sort={column}&order={order}"
    shown = [row[0] for row in cells(client.get(f"/explore?{query}").text, "customers")]
    rows = list(csv.DictReader(io.StringIO(client.get(f"/explore/customers.csv?{query}").text)))
    assert shown == [row["customer_id"] for row in rows][: len(shown)]
    second = client.get(f"/explore?{query}&page=2").text
    assert [row[0] for row in cells(second, "customers")] == [row["customer_id"] for row in rows][25:50]  # fmt: skip


def test_a_part_is_sent_where_a_part_is_asked_for(client: TestClient) -> None:
    whole, part = client.get("/explore"), client.get("/explore", headers=PART)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert part.text.strip() in whole.text or len(part.text) < len(whole.text)
    assert "HX-Request" in whole.headers["vary"]
    assert whole.headers["etag"] != part.headers["etag"]


def test_a_page_beyond_the_last_is_the_last(client: TestClient) -> None:
    assert cells(client.get("/explore?segment=At+Risk&page=100000").text, "customers")


def test_a_filter_that_leaves_nobody_says_so(client: TestClient) -> None:
    assert "No customers are left by the filter." in client.get("/explore?search=nobody").text


@pytest.mark.parametrize("query", ["minimum_clv=much", "minimum_frequency=-1", "minimum_frequency=1.5", "minimum_clv=nan", "order=sideways", "page=0"])  # fmt: skip
def test_a_filter_without_meaning_is_named(client: TestClient, query: str) -> None:
    page = client.get(f"/explore?{query}")
    assert page.status_code == 422
    assert "Unprocessable" in page.text
    assert "<html" in page.text
    assert "<html" not in client.get(f"/explore?{query}", headers=PART).text


def test_any_mart_can_be_looked_at(client: TestClient, sample: Build) -> None:
    page = client.get("/explore?raw=segment_profiles").text
    assert "from segment_profiles" in page
    assert sample.query("select min(segment) from segment_profiles")[0][0] in page


def test_one_customers_page_tells_the_story(client: TestClient, sample: Build) -> None:
    customer_id, sentence, description = sample.query(
        """
        select customer_id, max(sentence), max(description) from customer_score_reasons
        inner join product_recommendations using (customer_id) where reason_rank = 1 and task = 'churn_90d'
        and rank = 1 group by customer_id order by customer_id limit 1
        """
    )[0]
    page = unescape(client.get(f"/customers/{customer_id}").text)
    for part in (f"Customer {customer_id}", sentence, description, "How did the segment change?"):
        assert part in page
    missing = client.get("/customers/nobody")
    assert missing.status_code == 404
    assert "There is no such customer" in missing.text


def test_an_upload_goes_from_file_to_table_to_download(client: TestClient) -> None:
    upload_id = classified(client)
    page = client.get(f"/upload/{upload_id}/results").text
    assert {row[0] for row in cells(page, "rules")} == {"sale", "return"}
    assert {row[0] for row in cells(page, "classified")} == {"13085", "13078", "15362"}
    assert "3 customers as of 2024-12-17" in page
    assert "Population stability index" in page
    download = client.get(f"/upload/{upload_id}/customers.csv?recipe=auto")
    rows = list(csv.DictReader(io.StringIO(download.text)))
    assert [row["customer_id"] for row in rows] == ["13078", "13085", "15362"]
    deleted = client.post(f"/upload/{upload_id}/delete")
    assert "deleted" in deleted.text
    assert client.get(f"/upload/{upload_id}/results").status_code == 404


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("column", sorted(RESULT_KINDS))
def test_results_are_sorted_by_each_column_both_ways(
    client: TestClient, results_id: str, column: str, order: str
) -> None:
    query = f"sort={column}&order={order}"
    headers = PART | {"hx-target": "result-table"}
    page = client.get(f"/upload/{results_id}/results?{query}", headers=headers).text
    assert "What became of" not in page
    shown = [row[0] for row in cells(page, "classified")]
    text = client.get(f"/upload/{results_id}/customers.csv?{query}").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert shown == [row["customer_id"] for row in rows][: len(shown)]
    known = [row[column] for row in rows if row[column]]
    values = known if RESULT_KINDS[column] == "text" else [float(value) for value in known]
    assert values == sorted(values, reverse=order == "desc")


@pytest.fixture(scope="module")
def results_id(client: TestClient) -> str:
    more = "".join(
        f"{n},A{n % 7},THING {n % 7},{n % 5 + 1},2024-11-{n % 28 + 1:02d} 10:00,{n % 9 + 1}.5,{20000 + n % 40},France\n"
        for n in range(600)
    )
    return classified(client, SALES + more)


def test_columns_are_mapped_on_the_page(client: TestClient) -> None:
    text = SALES.replace("Price", "Net", 1).replace("Customer ID", "Who", 1)
    upload_id = classified(client, text, column_price="Net", column_customer_id="Who")
    assert client.get(f"/upload/{upload_id}/results").status_code == 200


def test_a_file_of_no_use_says_why_on_the_page(client: TestClient) -> None:
    mapping = client.post("/upload", files={"file": ("s.csv", b"Invoice,Foo\n1,2\n")}, headers=PART)
    upload_id = re.search(r"/upload/([0-9a-f]{32})/classify", mapping.text)[1]
    client.post(f"/upload/{upload_id}/classify", data={})
    answer = wait(client, f"/upload/{upload_id}/progress")
    assert 'role="alert"' in answer
    assert "Columns found: Invoice, Foo" in answer
    picture = client.post("/upload", files={"file": ("s.csv", b"\x89PNG")}, headers=PART)
    assert picture.status_code == 415
    assert "a picture" in picture.text
    bad_date = client.post(f"/upload/{upload_id}/classify", data={"reference_date": "soon"}, headers=PART)  # fmt: skip
    assert bad_date.status_code == 422


def test_the_lab_tries_every_number_and_keeps_its_labels(client: TestClient, sample: Build) -> None:
    begun = client.post("/lab", data={"upload_id": ""})
    lab_id = re.search(r"/lab/([0-9a-f]{32})/", begun.text)[1]
    wait(client, f"/lab/{lab_id}/progress")
    page = client.get(f"/lab/{lab_id}/results").text
    counts = re.findall(
        r'<th scope="row" class="number">(\d+)</th>', page.split("figure-profile")[0]
    )
    assert counts == [str(count) for count in range(2, 11)]
    total = len(sample.query("from customers"))
    for count in (2, 10):
        headers = PART | {"hx-target": "lab-profile"}
        profile = client.get(f"/lab/{lab_id}/results?clusters={count}", headers=headers).text
        assert f"Profile of {count} clusters" in profile
        assert f"clusters={count}" in profile
        text = client.get(f"/lab/{lab_id}/customer_segments.csv?clusters={count}").text
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == total
        assert {row["cluster_name"] for row in rows} == {f"Tier {n}" for n in range(1, count + 1)}


def test_the_lab_takes_an_upload(client: TestClient, results_id: str) -> None:
    assert client.get(f"/lab?upload_id={results_id}").status_code == 200
    client.post("/lab", data={"upload_id": results_id})
    wait(client, f"/lab/{results_id}/progress")
    text = client.get(f"/lab/{results_id}/customer_segments.csv?clusters=3").text
    assert len(list(csv.DictReader(io.StringIO(text)))) == 43
    assert client.get(f"/lab?upload_id={'0' * 32}").status_code == 404


def test_a_server_that_is_busy_says_so_on_the_page(serve: Serve) -> None:
    server = serve(uploads=1)
    uploads = server.app.state.uploads
    with uploads.slot():
        answer = server.post("/lab", data={}, headers=PART)
    assert answer.status_code == 429
    assert "Try again shortly" in answer.text


def test_the_api_is_documented_without_a_script(client: TestClient) -> None:
    page = client.get("/api-docs").text
    assert "/api/v1/classify_customers" in page
    assert "An answer, from the sample shop" in page


def test_the_library_of_charts_is_handed_out_with_its_licence(client: TestClient) -> None:
    response = client.get(address("vega.js"))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["content-encoding"] == "gzip"
    assert response.text.endswith(vega_bundle())
    assert vega_licence() in response.text
    page = client.get("/explore").text
    for name in ("theme.css", "vega.js", "draw.js"):
        assert f'"{address(name)}"' in page
    assert address("vega.js") not in client.get("/login").text


@pytest.mark.parametrize("file", ["vega.js", "vega.0000000000000000.js", "draw.js.map"])
def test_a_file_without_its_hash_is_not_there(client: TestClient, file: str) -> None:
    assert client.get(f"/static/charts/{file}").status_code == 404
