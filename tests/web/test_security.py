"""A test for each threat of docs/security.md."""

from __future__ import annotations

import csv
import io
import logging
import re
from html.parser import HTMLParser

import duckdb
import pytest
from starlette.testclient import TestClient

from regulars.errors import InvalidSettingError
from regulars.web.app import create_app
from regulars.web.assets import address
from regulars.web.guards import COOKIE
from regulars.web.settings import ServerSettings
from tests.conftest import ROOT, Build
from tests.web.conftest import BASE, HEADER, SALES, Serve, send

TOKEN = "a-long-and-random-text"
PAGES = ("/explore", "/upload", "/lab", "/api-docs")
SCRIPT = "<script>alert(1)</script>"
HTTPS = re.compile(r"(?:src|href)=[\"']?(?:https?:)?//")


@pytest.fixture(scope="module")
def guarded(serve: Serve) -> TestClient:
    """A server that asks for a token."""
    return serve(token=TOKEN)


def test_the_threat_model_names_every_test() -> None:
    document = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", document))
    here = set(re.findall(r"^def (test_\w+)", (ROOT / "tests/web/test_security.py").read_text(encoding="utf-8"), re.M))  # fmt: skip
    assert here - {"test_the_threat_model_names_every_test"} == named
    for path in re.findall(r"`(tests/web/\w+\.py)`", document):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.com"])
def test_it_does_not_start_open_to_others(host: str) -> None:
    with pytest.raises(InvalidSettingError, match="REGULARS_SERVE_TOKEN"):
        create_app(ServerSettings(host=host))
    with pytest.raises(InvalidSettingError, match="16 characters"):
        create_app(ServerSettings(host=host, token="short"))
    create_app(ServerSettings(host=host, token=TOKEN))
    assert ServerSettings().host == "127.0.0.1"


def test_nothing_is_told_without_the_token(guarded: TestClient) -> None:
    for path in ("/api/v1/customers", "/api/v1/version", "/api/v1/openapi.json", "/api/v1/nothing"):
        response = guarded.get(path)
        assert response.status_code == 401, path
        assert response.headers["www-authenticate"] == "Bearer"
    assert send(guarded, SALES).status_code == 401
    page = guarded.get("/explore", follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/login")
    assert guarded.get("/api/v1/health").status_code == 200
    for shown in (TOKEN + "x", TOKEN[:-1], "", "Bearer"):
        header = {"authorization": f"Bearer {shown}"}
        assert guarded.get("/api/v1/version", headers=header).status_code == 401
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/v1/version", headers=bearer).status_code == 200

    assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    entered = guarded.post("/login", data={"token": TOKEN}, follow_redirects=False)
    cookie = entered.headers["set-cookie"]
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert guarded.get("/explore").status_code == 200
    guarded.cookies.set(COOKIE, "0" * 64)
    assert guarded.get("/explore", follow_redirects=False).status_code == 303
    guarded.cookies.clear()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "[::2]:80"])  # fmt: skip
def test_an_unknown_host_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/api/v1/customers", headers={"host": host})
    assert response.status_code == 400
    assert response.json()["type"] == "urn:regulars:problem:unknown-host"
    for known in ("localhost:8000", "127.0.0.1", "[::1]:9", "LOCALHOST"):
        assert client.get("/api/v1/health", headers={"host": known}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_another_sites_page_cannot_act(client: TestClient, headers: dict[str, str]) -> None:
    refused = send(client, SALES, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:regulars:problem:foreign-origin"
    assert client.post("/lab", headers=headers).status_code == 403
    own = {"sec-fetch-site": "same-origin", "origin": BASE}
    assert send(client, SALES, headers=own).status_code == 200
    assert send(client, SALES, headers={"origin": BASE}).status_code == 200


@pytest.mark.parametrize(
    "path", [*PAGES, "/api/v1/segments", "/api/v1/nothing", "/nothing", "/static/app.css"]
)
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"origin": "https://evil.example"}).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))  # fmt: skip
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


class _Scripts(HTMLParser):
    """Collects what a page would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        runs = tag in {"script", "iframe", "object", "embed"} or any(
            name.startswith("on") or name == "style" for name in attributes
        )
        if runs:
            self.found.append((tag, attributes))


def _scripts(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Scripts()
    parser.feed(text)
    own = {"/static/htmx.min.js", "/static/app.js", address("vega.js"), address("draw.js")}
    return [one for one in parser.found if one[1].get("src") not in own]


def test_text_of_a_file_never_becomes_markup(client: TestClient) -> None:
    row = f'1,A1,"{SCRIPT}",2,2024-12-01 10:00,2.5,"{SCRIPT}","<img src=x onerror=alert(1)>",x\n'
    text = (
        HEADER.replace("Country", f'Country,"{SCRIPT}"') + row + 'x,"<b>",{{7*7}},1,bad,2,3,4,5\n'
    )
    mapping = client.post("/upload", files={"file": (f"{SCRIPT}.csv", text.encode())})
    assert mapping.status_code == 200, mapping.text
    upload_id = re.search(r"/upload/([0-9a-f]{32})/classify", mapping.text)[1]
    shown = [mapping.text]
    client.post(f"/upload/{upload_id}/classify", data={})
    path = f"/upload/{upload_id}/progress"
    while "progress" in (answer := client.get(path).text) and "results" not in answer:
        pass
    shown.append(client.get(f"/upload/{upload_id}/results").text)
    assert "&lt;script&gt;" in shown[1]
    assert "49" not in re.sub(r"\d{3,}", "", shown[1].split("Rows that do not count")[-1][:3000])
    for asked in ("search", "segment", "minimum_clv", "raw"):
        shown.append(client.get("/explore", params={asked: f'"{SCRIPT}'}).text)
    shown.append(client.get(f"/customers/{SCRIPT.replace('/', '%2F')}").text)
    for page in shown:
        assert _scripts(page) == []
        assert "<img" not in page


@pytest.mark.parametrize("text", ["' or '1'='1", "1; drop table customers", "\") or true --", "customer_id"])  # fmt: skip
def test_text_of_a_request_never_becomes_sql(client: TestClient, text: str) -> None:
    total = client.get("/api/v1/customers?limit=1").json()["total"]
    for name in ("segment", "country", "cluster", "search"):
        answer = client.get("/api/v1/customers", params={name: text})
        assert (answer.status_code, answer.json()["total"]) == (200, 0), name
    for name in ("sort", "after", "recipe", "limit", "minimum_frequency"):
        assert client.get("/api/v1/customers", params={name: text}).status_code in (400, 422) or text == "customer_id"  # fmt: skip
    assert client.get("/explore", params={"raw": f'customers" limit 0; {text}'}).status_code == 200
    assert client.get("/explore", params={"sort": text}).status_code in (200, 422)
    assert client.get("/api/v1/customers?limit=1").json()["total"] == total


def test_the_database_reaches_nothing_outside(client: TestClient) -> None:
    with client.app.state.store.use() as publication:
        for query in (
            "from read_csv('/etc/passwd')",
            "from read_text('/etc/hostname')",
            "from 'https://example.com/x.parquet'",
        ):
            with pytest.raises(duckdb.Error, match="disabled by configuration"):
                publication.query(query)
        for setting in ("set enable_external_access = true", "set memory_limit = '100GB'"):
            with pytest.raises(duckdb.Error):
                publication.query(setting)
        with pytest.raises(duckdb.Error):
            publication.query("attach '/tmp/other.duckdb'")
    upload_id = send(client, SALES).json()["upload_id"]
    upload = client.app.state.uploads.find(upload_id)
    with pytest.raises(duckdb.Error, match="disabled by configuration"):
        upload.query("from read_csv('/etc/passwd')", [])
    with pytest.raises(duckdb.Error):
        upload.query("copy (select 1) to '/tmp/regulars_escaped.csv'", [])


def test_the_published_database_cannot_be_changed(client: TestClient, sample: Build) -> None:
    before = sample.database.read_bytes()
    with client.app.state.store.use() as publication:
        for statement in (
            "delete from customers",
            "create table published.other as select 1",
            "update orders set revenue = 0",
        ):
            with pytest.raises(duckdb.Error):
                publication.query(statement)
    assert sample.database.read_bytes() == before


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2f..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/upload/..%2f..%2fetc/results",
        "/upload/00000000000000000000000000000000/results",
        "/lab/%00/results",
        "/api/v1/classifications/%2e%2e",
    ],
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (404, 422)
    assert "root:" not in response.text
    assert "import " not in response.text


def test_an_upload_is_found_by_its_id_only(client: TestClient) -> None:
    page = send(client, SALES).json()
    path = "/api/v1/classifications/"
    unknown = client.get(path + "0" * 32)
    client.delete(path + page["upload_id"])
    deleted = client.get(path + page["upload_id"])
    assert unknown.status_code == deleted.status_code == 404
    assert unknown.json() == deleted.json()


def test_an_upload_leaves_nothing_behind(sample: Build) -> None:
    app = create_app(ServerSettings(database=sample.database))
    with TestClient(app, base_url=BASE) as server:
        folder = app.state.uploads.folder
        send(server, SALES)
        assert len(list(folder.iterdir())) == 1
    assert not folder.exists()


def test_a_download_is_safe_in_a_spreadsheet(client: TestClient) -> None:
    ids = ["=1+1", "+1", "-1", "@SUM(A1)", "|calc", "13085"]
    rows = [f'{n},A1,MUG,2,2024-12-01 10:00,2.5,"{one}",France\n' for n, one in enumerate(ids)]
    text = send(client, HEADER + "".join(rows), headers={"accept": "text/csv"}).text
    found = {row["customer_id"] for row in csv.DictReader(io.StringIO(text))}
    assert found == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "|calc", "13085"}


def test_the_log_names_no_customer(client: TestClient, sample: Build, caplog) -> None:
    customer_id = sample.query("select max(customer_id) from customers")[0][0]
    with caplog.at_level(logging.DEBUG):
        client.get(f"/api/v1/customers/{customer_id}")
        client.get(f"/customers/{customer_id}?search={customer_id}")
        client.get(f"/api/v1/customers?search={customer_id}")
        send(client, SALES.replace("13085", "secret-customer"))
        send(client, SALES.replace("489434", "secret-order") + "C\n", name="secret-file.csv")
    text = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("regulars"))  # fmt: skip
    assert "GET /api/v1/customers/{customer_id} 200" in text
    assert "POST /api/v1/classify_customers 200" in text
    assert customer_id not in text
    assert "secret" not in text


def test_an_accident_tells_nothing(serve: Serve, monkeypatch, caplog) -> None:
    server = serve()

    def fail(*_: object) -> None:
        raise ValueError("customer 13085 at /home/somebody/data")

    monkeypatch.setattr("regulars.web.api.segment_rows", fail)
    with caplog.at_level(logging.INFO):
        response = server.get("/api/v1/segments")
    assert response.status_code == 500
    document = response.json()
    assert document["type"] == "urn:regulars:problem:internal"
    assert "13085" not in response.text
    assert "somebody" not in response.text
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert document["reference"] in logged
    assert "ValueError" in logged
    assert "13085" not in logged


def test_pages_load_nothing_from_elsewhere(client: TestClient, sample: Build) -> None:
    customer_id = sample.query("select min(customer_id) from customers")[0][0]
    for path in (*PAGES, f"/customers/{customer_id}", "/login"):
        page = client.get(path).text
        assert not HTTPS.search(page), path
        assert _scripts(page) == [], path
    third_party = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    assert "htmx" in third_party
