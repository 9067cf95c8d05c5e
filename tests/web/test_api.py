"""The API answers from the published copy; every answer says the date and the copy."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from regulars.web.customers import KINDS
from tests.conftest import Build
from tests.web.conftest import CLASSIFY, HEADER, SALES, send
from tests.web.examples import PATHS, PLACE, PREFIX, examples


def test_every_operation_has_an_example_and_all_its_errors(client: TestClient) -> None:
    document = client.get(f"{PREFIX}/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {f"{PREFIX}{path}" for path in ("/customers", "/segments/{name}", "/clusters", "/alerts", "/insights", "/recommendations/{customer_id}", "/metrics/models", "/health", "/ready", "/version", "/classify_customers")} <= set(document["paths"])  # fmt: skip
    built_without = {"/api/v1/alerts", "/api/v1/insights"}
    for name, operation in operations.items():
        assert operation["summary"], name
        for status, response in operation["responses"].items():
            if status == "204":
                continue
            for media, content in response["content"].items():
                is_example_due = status != "200" or name.split()[1] not in built_without
                assert not is_example_due or "example" in content, (name, status, media)
        assert {"400", "401", "500", "503"} <= set(operation["responses"]), name


def test_the_examples_are_answers_of_the_sample_build(client: TestClient) -> None:
    kept = json.loads(PLACE.read_text(encoding="utf-8"))
    made = json.loads(json.dumps(examples(client)))
    advice = "write them anew: python -m tests.web.examples DATABASE"
    assert set(made) ^ set(kept) <= {"alerts", "insights"}, advice  # a build may lack their marts
    for name in made.keys() & kept.keys():
        example = made[name]
        assert _rounded(example) == _rounded(kept[name]), f"{name}: {advice}"


def _rounded(document):
    if isinstance(document, float):
        return float(f"{document:.9g}")
    if isinstance(document, list):
        return [_rounded(item) for item in document]
    if isinstance(document, dict):
        return {key: _rounded(value) for key, value in document.items()}
    return document


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", sorted(KINDS))
def test_pages_by_key_hold_every_customer_once_in_order(
    client: TestClient, sample: Build, column: str, descending: bool
) -> None:
    path = f"{PREFIX}/customers?sort={column}&descending={descending}&limit=700"
    items = []
    while path:
        response = client.get(path)
        assert response.status_code == 200, response.text
        page = response.json()
        assert page["total"] == len(sample.query("from customers"))
        assert ("link" in response.headers) == (page["next"] is not None)
        if page["next"]:
            assert response.headers["link"] == f'<{page["next"]}>; rel="next"'
        items += page["items"]
        path = page["next"]
    assert len({item["customer_id"] for item in items}) == len(items) == page["total"]
    values = [item[column] for item in items]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert values[len(known) :] == [None] * (len(values) - len(known))


def test_filters_leave_what_they_say(client: TestClient) -> None:
    def found(query: str) -> list[dict]:
        return client.get(f"{PREFIX}/customers?limit=1000&{query}").json()["items"]

    champions = found("segment=Champions&segment=At+Risk")
    assert {item["segment"] for item in champions} == {"Champions", "At Risk"}
    assert {item["country"] for item in found("country=France")} == {"France"}
    names = {item["cluster_name"] for item in found("recipe=engagement&cluster=Occasional+Buyers")}
    assert names == {"Occasional Buyers"}
    assert min(item["frequency"] for item in found("minimum_frequency=4")) == 4
    assert {item["churn_risk_band"] for item in found("risk_band=High")} == {"High"}
    valued = found("minimum_clv=100")
    assert valued
    assert all(item["clv_90d"] is None or item["clv_90d"] >= 100 for item in valued)
    assert {item["customer_id"][:3] for item in found("search=123")} == {"123"}
    assert found("segment=Nobody") == []


def test_one_customer_is_told_whole(client: TestClient, sample: Build) -> None:
    customer_id, monetary = sample.query(
        "select customer_id, monetary from customer_rfm order by monetary desc limit 1"
    )[0]
    story = client.get(f"{PREFIX}/customers/{customer_id}").json()
    assert story["monetary"] == pytest.approx(float(monetary))
    assert (
        story["scores"]["clv_90d_low"]
        <= story["scores"]["clv_90d"]
        <= story["scores"]["clv_90d_high"]
    )
    assert {reason["task"] for reason in story["reasons"]} >= {"churn_90d"}
    assert len(story["clusters"]) == 8
    dates = [month["as_of_date"] for month in story["segment_history"]]
    assert dates == sorted(set(dates))
    offered = client.get(f"{PREFIX}/recommendations/{customer_id}").json()
    assert {item["list"] for item in offered["items"]} <= {"buy_again", "new_for_you"}


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/customers/nobody", 404, "no-customer"),
        ("/customers/%27%20or%201=1--", 404, "no-customer"),
        ("/recommendations/nobody", 404, "no-customer"),
        ("/segments/Nobodies", 404, "no-segment"),
        ("/clusters?recipe=horoscope", 422, "unknown-recipe"),
        ("/customers?recipe=horoscope", 422, "unknown-recipe"),
        ("/customers?sort=password", 422, "invalid-request"),
        ("/customers?limit=100000", 422, "invalid-request"),
        ("/customers?minimum_clv=inf", 422, "invalid-request"),
        ("/customers?search=%00", 422, "invalid-request"),
        ("/customers?after=nonsense", 400, "invalid-cursor"),
        ("/customers?after=W10", 400, "invalid-cursor"),
        ("/customers?sort=monetary&after=WyJtb25ldGFyeSIsIGZhbHNlLCAiTmFOIiwgIjEiXQ", 400, "invalid-cursor"),
        ("/nothing", 404, "not-found"),
        ("/classifications/0123456789abcdef0123456789abcdef", 404, "no-upload"),
        ("/classifications/..%2f..%2fetc", 404, "not-found"),
        ("/classifications/short", 422, "invalid-request"),
    ],
)  # fmt: skip
def test_errors_are_problem_details(client: TestClient, path: str, status: int, kind: str) -> None:
    response = client.get(PREFIX + path)
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), response.text
    document = response.json()
    assert document["type"] == f"urn:regulars:problem:{kind}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]


def test_a_wrong_method_is_a_problem_too(client: TestClient) -> None:
    response = client.put(f"{PREFIX}/customers")
    assert response.status_code == 405
    assert response.json()["type"] == "urn:regulars:problem:method-not-allowed"
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize("table", ["alerts", "insights"])
def test_a_mart_that_is_not_published_is_a_problem_that_says_so(
    client: TestClient, sample: Build, table: str
) -> None:
    response = client.get(f"{PREFIX}/{table}")
    if sample.query(f"select 1 from duckdb_tables() where table_name = '{table}'"):
        assert response.status_code == 200
        assert response.json()["total"] == len(sample.query(f"from {table}"))
    else:
        assert response.status_code == 404
        assert table in response.json()["detail"]


@pytest.mark.parametrize("path", [PATHS["customers"], PATHS["segments"], PATHS["customer"]])
def test_an_answer_that_has_not_changed_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(PREFIX + path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get(PREFIX + path)
    assert (again.content, again.headers["etag"]) == (first.content, tag)
    unchanged = client.get(PREFIX + path, headers={"if-none-match": f'"other", {tag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    other = client.get(PREFIX + path + ("&" if "?" in path else "?") + "x=1")
    assert other.headers["etag"] != tag


def test_an_upload_answers_the_fields_of_the_interface(client: TestClient) -> None:
    response = send(client, SALES)
    assert response.status_code == 200, response.text
    page = response.json()
    assert (page["reference_date"], page["row_count"], page["total"]) == ("2024-12-17", 5, 3)
    assert page["next"] is None
    first = page["items"][0]
    assert first["customer_id"] == "13078"
    assert first["rfm_values"] == {"recency": 12, "frequency": 1, "monetary": 25.5}
    assert isinstance(first["predicted_cluster_id"], int)
    assert first["cluster_name"]
    assert first["cluster_interpretation"]
    assert len(first["cluster_recommendations"]) > 1
    assert first["segment"]
    assert 0 < first["churn_probability_90d"] < 1
    assert {rule["disposition"]: rule["row_count"] for rule in page["rows_by_rule"]} == {
        "sale": 4,
        "return": 1,
    }
    assert client.delete(f"{PREFIX}/classifications/{page['upload_id']}").status_code == 204
    assert client.get(f"{PREFIX}/classifications/{page['upload_id']}").status_code == 404


def test_the_clusters_of_any_recipe_and_any_reference_date_are_given(client: TestClient) -> None:
    given = {"recipe": "mixed_gmm", "reference_date": "2024-12-10"}
    page = send(client, SALES, params=given).json()
    assert (page["recipe"], page["reference_date"]) == ("mixed_gmm", "2024-12-10")
    assert page["reference_reason"] == "as asked for"
    recencies = {i["customer_id"]: i["rfm_values"]["recency"] for i in page["items"]}
    assert recencies == {"13085": 9, "13078": 5}


def test_an_upload_is_paged_or_streamed_as_csv_and_both_equal_the_build(
    client: TestClient, sample: Build, sample_rows: Path
) -> None:
    content = sample_rows.read_bytes()
    page = send(client, content, params={"limit": 900, "recipe": "auto"}).json()
    items = list(page["items"])
    while page["next"]:
        page = client.get(page["next"]).json()
        items += page["items"]
    built = sample.query(
        """
        select customer_id, segment, rfm_score, cluster_name, churn_probability_90d, clv_90d
        from customer_rfm
        inner join customer_segments using (as_of_date, customer_id)
        inner join customer_clusters using (as_of_date, customer_id)
        inner join customer_scores using (as_of_date, customer_id)
        where recipe = 'auto' order by customer_id
        """
    )
    names = ("customer_id", "segment", "rfm_score", "cluster_name", "churn_probability_90d", "clv_90d")  # fmt: skip
    assert [tuple(item[name] for name in names) for item in items] == built
    client.delete(f"{PREFIX}/classifications/{page['upload_id']}")

    streamed = send(client, content, params={"recipe": "auto"}, headers={"accept": "text/csv"})
    assert streamed.headers["content-type"] == "text/csv; charset=utf-8"
    assert streamed.headers["content-disposition"].endswith(f'_{len(built)}_rows.csv"')
    rows = list(csv.DictReader(io.StringIO(streamed.text)))
    assert [(row["customer_id"], row["segment"], row["cluster_name"]) for row in rows] == [
        (customer, segment, cluster) for customer, segment, _, cluster, _, _ in built
    ]


def test_foreign_column_names_are_mapped(client: TestClient) -> None:
    foreign = SALES.replace("Invoice,", "Order No,", 1).replace(",Price,", ",Net,", 1)
    refused = send(client, foreign)
    assert refused.status_code == 422
    assert refused.json()["columns_missing"] == ["invoice", "price"]
    assert "Order No" in refused.json()["columns_found"]
    mapping = json.dumps({"invoice": "Order No", "price": "Net"})
    mapped = send(client, foreign, params={"column_mapping": mapping})
    assert mapped.json()["total"] == 3


def test_parquet_and_gzip_are_taken_by_content(
    client: TestClient, tmp_path: Path, connection
) -> None:
    import gzip

    path = tmp_path / "sales.parquet"
    csv_path = tmp_path / "sales.csv"
    csv_path.write_text(SALES, encoding="utf-8")
    connection.execute(f"copy (from read_csv('{csv_path}')) to '{path}'")
    for content in (path.read_bytes(), gzip.compress(SALES.encode())):
        assert send(client, content, name="anything.txt").json()["total"] == 3


def test_windows_1252_is_read(client: TestClient) -> None:
    text = HEADER + "1,A1,Glückskugel,2,2024-12-03 10:00,2.50,7,Österreich\n"
    assert send(client, text.encode("cp1252")).json()["total"] == 1


def test_the_answer_names_its_upload_by_an_id_that_cannot_be_guessed(client: TestClient) -> None:
    ids = {send(client, SALES).json()["upload_id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(upload_id) == 32 for upload_id in ids)
    assert CLASSIFY.startswith(PREFIX)
