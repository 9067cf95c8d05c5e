"""The pages: explore, one customer, upload and classify, cluster lab. HTML by Jinja2, parts by htmx."""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import jinja2
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Path,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.types import Scope

from regulars.errors import RegularsError
from regulars.web import api, assets, charts, problems, results
from regulars.web import customers as listing
from regulars.web.csv_rows import csv_bytes
from regulars.web.customers import CustomerFilter
from regulars.web.guards import COOKIE, token_cookie
from regulars.web.paging import Order
from regulars.web.problems import Problem, problem_of
from regulars.web.store import Publication
from regulars.web.uploads import Upload, Uploads

PAGE_ROWS = 25
RAW_ROWS = 100
ORDERS = 200
MISSING = "\N{EN DASH}"
EXPIRES_SECONDS = 7 * 24 * 3600

router = APIRouter(include_in_schema=False)

Name = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Number = Annotated[int, Query(ge=1, le=10**9)]
UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
CustomerSort = Literal[tuple(listing.KINDS)]  # type: ignore[valid-type]
ResultSort = Literal[tuple(results.KINDS)]  # type: ignore[valid-type]


def _number(value: Any, digits: int = 0) -> str:  # noqa: ANN401 - a cell
    return MISSING if _is_missing(value) else f"{value:,.{digits}f}"


def _percent(value: Any, digits: int = 0) -> str:  # noqa: ANN401 - a cell
    return MISSING if _is_missing(value) else f"{100 * value:,.{digits}f} %"


def _cell(value: Any) -> str:  # noqa: ANN401 - a cell
    if _is_missing(value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - a cell
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _data(value: Any) -> Markup:  # noqa: ANN401 - what JSON can have
    """JSON for an attribute in single quotes: no character of it can end the attribute."""
    return htmlsafe_json_dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("regulars.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "number": _number,
    "percent": _percent,
    "cell": _cell,
    "words": _words,
    "data": _data,
}
_environment.globals |= {
    "asset": assets.address,
    "plot_of": charts.plot,
    "chart_settings": charts.settings,
}


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A template as a response; it knows the path, and whether htmx asks for a part."""
    text = _environment.get_template(template).render(
        path=request.url.path, is_part=_is_part(request), **values
    )
    return HTMLResponse(text, status)


def _is_part(request: Request) -> bool:
    return request.headers.get("hx-request") == "true" and not request.headers.get(
        "hx-history-restore-request"
    )


@router.get("/")
def home() -> Response:
    """Begin with the customers."""
    return RedirectResponse("/explore", 303)


@router.get("/login")
def login_form(request: Request) -> Response:
    """Ask for the token."""
    return render(request, "login.html", is_wrong=False)


@router.post("/login")
def login(request: Request, token: Annotated[str, Form(max_length=500)]) -> Response:
    """Keep a hash of the token in a cookie that scripts and other sites cannot read."""
    expected = request.app.state.settings.token
    if expected is None:
        return RedirectResponse("/explore", 303)
    if not hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
        return render(request, "login.html", 401, is_wrong=True)
    response = RedirectResponse("/explore", 303)
    response.set_cookie(
        COOKIE,
        token_cookie(token),
        max_age=EXPIRES_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


# ---- explore ----


class Explored:
    """What the page /explore is asked for: the state that lies in its address."""

    def __init__(
        self,
        request: Request,
        recipe: Name = "",
        segment: Annotated[list[Name], Query()] = [],  # noqa: B006
        country: Annotated[list[Name], Query()] = [],  # noqa: B006
        cluster: Annotated[list[Name], Query()] = [],  # noqa: B006
        risk_band: Annotated[list[Literal["Low", "Medium", "High"]], Query()] = [],  # noqa: B006
        minimum_frequency: Name = "",
        minimum_clv: Name = "",
        search: Name = "",
        sort: CustomerSort = "campaign_priority_score",
        order: Literal["asc", "desc"] = "desc",
        page: Number = 1,
        raw: Name = "",
    ) -> None:
        self.publication = api.published(request)
        recipes = recipe_names(self.publication)
        self.recipe = recipe if recipe in recipes else recipes[0]
        self.recipes = recipes
        self.filter = CustomerFilter(
            recipe=self.recipe,
            segments=tuple(filter(None, segment)),
            countries=tuple(filter(None, country)),
            clusters=tuple(filter(None, cluster)),
            risk_bands=tuple(risk_band),
            minimum_frequency=_whole(minimum_frequency, "minimum frequency"),
            minimum_clv=_decimal(minimum_clv, "minimum value"),
            search=search.strip(),
        )
        self.sort, self.is_descending, self.page, self.raw = sort, order == "desc", page, raw

    @property
    def order(self) -> Order:
        """What the table is sorted by."""
        return listing.order_of(self.sort, is_descending=self.is_descending)

    def query(self, **changes: Any) -> str:  # noqa: ANN401 - what an address can hold
        """The address's query with some of it changed; the page begins anew unless it is named."""
        chosen = self.filter
        state: list[tuple[str, Any]] = [
            ("recipe", self.recipe),
            *(("segment", name) for name in chosen.segments),
            *(("country", name) for name in chosen.countries),
            *(("cluster", name) for name in chosen.clusters),
            *(("risk_band", name) for name in chosen.risk_bands),
            ("minimum_frequency", chosen.minimum_frequency),
            ("minimum_clv", chosen.minimum_clv),
            ("search", chosen.search),
            ("raw", self.raw),
        ]
        sorting = {"sort": self.sort, "order": "desc" if self.is_descending else "asc"} | changes
        kept = [(name, value) for name, value in state if name not in changes]
        return urlencode(
            [(name, value) for name, value in (*kept, *sorting.items()) if value not in (None, "")]
        )

    def sorted_by(self, column: str) -> str:
        """The query that sorts by a column; by the other way if it is sorted by it already."""
        is_same = column == self.sort
        descending = not self.is_descending if is_same else column not in ("customer_id", "segment")
        return self.query(sort=column, order="desc" if descending else "asc")


def _whole(text: str, what: str) -> int | None:
    if not text.strip():
        return None
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 10**9:
        raise Problem(422, "invalid-request", f"The {what} is no whole number from 0: '{text}'.")
    return number


def _decimal(text: str, what: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Problem(422, "invalid-request", f"The {what} is no number: '{text}'.")
    return number


def recipe_names(publication: Publication) -> list[str]:
    """Segmentation recipes, in display order."""
    return listing.known(
        publication, "select recipe from main_seeds.segmentation_recipes order by display_order"
    )


@router.get("/explore")
def explore(request: Request, asked: Annotated[Explored, Depends()]) -> Response:
    """Show figures, groups and the table of the customers that a filter leaves."""
    publication, chosen = asked.publication, asked.filter
    totals = listing.totals(publication, chosen)
    pages = max(math.ceil(totals["customer_count"] / PAGE_ROWS), 1)
    number = min(asked.page, pages)
    by_segment = listing.grouped(publication, chosen, "segment")
    return render(
        request,
        "explore_results.html" if _is_part(request) else "explore.html",
        asked=asked,
        publication=publication,
        totals=totals,
        by_segment=by_segment,
        by_country=listing.grouped(publication, chosen, "country")[:15],
        by_cluster=listing.grouped(publication, chosen, "cluster_name"),
        grid=listing.recency_by_frequency(publication, chosen),
        bins=len(listing.RECENCY_BINS) + 1,
        cell_ratio=10 ** (1 / listing.CELLS_PER_DECADE),
        value_cells=listing.revenue_by_expected_value(publication, chosen),
        sentences=_sentences(publication, totals, by_segment),
        rows=listing.page_number(publication, chosen, asked.order, number=number, size=PAGE_ROWS),
        page=number,
        pages=pages,
        columns=TABLE_COLUMNS,
        choices=_choices(publication, asked.recipe),
        raw=_raw(publication, asked.raw),
    )


TABLE_COLUMNS = (
    ("customer_id", "Customer", "text"),
    ("segment", "Segment", "text"),
    ("cluster_name", "Cluster", "text"),
    ("country", "Country", "text"),
    ("recency_days", "Days since last order", "number"),
    ("frequency", "Orders", "number"),
    ("monetary", "Net revenue", "money"),
    ("churn_probability_90d", "No order in 90 days", "percent"),
    ("clv_90d", "Expected value, 90 days", "money"),
    ("value_at_risk_90d", "Value at risk", "money"),
    ("campaign_priority_score", "Gain of a contact", "money"),
)


def _choices(publication: Publication, recipe: str) -> dict[str, list[str]]:
    return {
        "segment": listing.known(
            publication, "select segment from main_seeds.segments order by display_order"
        ),
        "country": listing.known(
            publication,
            "select primary_country from customers where primary_country is not null "
            "group by primary_country order by count(*) desc, primary_country",
        ),
        "cluster": listing.known(
            publication,
            "select cluster_name from cluster_profiles where recipe = ? order by cluster_id",
            [recipe],
        ),
        "risk_band": ["Low", "Medium", "High"],
        "raw": sorted(publication.tables),
    }


def _sentences(
    publication: Publication, totals: Mapping[str, Any], by_segment: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What is worth knowing, in sentences with their numbers: of the insights where there are any."""
    if "insights" in publication.tables:
        rows = publication.query(
            "select concat(title, ': ', sentence) from insights order by insight_rank limit 3"
        ).rows
        return [sentence for (sentence,) in rows]
    sentences = []
    revenue = float(totals["revenue"])
    if by_segment and revenue > 0:
        first = by_segment[0]
        share = float(first["revenue"]) / revenue
        sentences.append(
            f"{first['name']}: {first['customer_count']:,} customers bring {share:.0%} of the revenue."
        )
    at_risk = [row for row in by_segment if row["value_at_risk_90d"]]
    if at_risk:
        most = max(at_risk, key=lambda row: row["value_at_risk_90d"])
        sentences.append(
            f"Most value at risk in 90 days lies with {most['name']}: "
            f"{publication.currency} {most['value_at_risk_90d']:,.0f}."
        )
    if totals["customer_count"]:
        share = totals["repeat_count"] / totals["customer_count"]
        sentences.append(
            f"{totals['repeat_count']:,} of {totals['customer_count']:,} customers ({share:.0%}) ordered more than once."
        )
    return sentences


def _raw(publication: Publication, table: str) -> dict[str, Any] | None:
    if table not in publication.tables:
        return None
    rows = publication.query(f'from "{table}" limit ?', [RAW_ROWS])  # a name of the database's own
    return {"table": table, "names": rows.names, "rows": rows.rows}


@router.get("/explore/customers.csv")
def explore_csv(asked: Annotated[Explored, Depends()]) -> Response:
    """All customers of the filter, in the order of the table: the same rows."""
    publication = asked.publication
    total = listing.count(publication, asked.filter)
    parts = [*asked.filter.segments, *asked.filter.countries, *asked.filter.clusters]
    name = results.file_name(
        "customers", "_".join(parts) or "all", publication.as_of_date.isoformat(), total
    )
    return _csv(csv_bytes(listing.all_rows(publication, asked.filter, asked.order)), name)


def _csv(pieces: Iterator[bytes], name: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=api.CSV, headers=headers)


# ---- one customer ----


@router.get("/customers/{customer_id}")
def customer(request: Request, customer_id: api.CustomerId) -> Response:
    """Tell one customer's whole story."""
    publication = api.published(request)
    story = api.customer_story(publication, customer_id)
    orders = publication.query(
        "select order_id, ordered_at, line_count, quantity, revenue, returned_revenue from orders "
        "where customer_id = ? order by ordered_at desc, order_id limit ?",
        [customer_id, ORDERS],
    ).dicts()
    order_of = {
        name: at
        for at, name in enumerate(
            listing.known(
                publication, "select segment from main_seeds.segments order by display_order"
            )
        )
    }
    history = [
        row | {"display_order": order_of[row["segment"]]} for row in story["segment_history"]
    ]
    return render(
        request,
        "customer.html",
        publication=publication,
        story=story,
        orders=orders,
        timeline=_timeline(publication, story, orders),
        history=history,
        recommendations=api.recommendation_rows(publication, customer_id),
    )


def _timeline(
    publication: Publication, story: Mapping[str, Any], orders: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What the timeline shows: orders, the as-of date, and the next order where it is forecast."""
    rows = [{"kind": "order", "day": order["ordered_at"], **order} for order in reversed(orders)]
    rows.append({"kind": "as_of", "day": publication.as_of_date})
    scores = story["scores"]
    if scores and scores["next_order_date_expected"]:
        rows.append(
            {
                "kind": "next",
                "day": scores["next_order_date_expected"],
                "low": scores["next_order_date_low"],
                "high": scores["next_order_date_high"],
            }
        )
    return rows


# ---- upload and classify ----


@router.get("/upload")
def upload_form(request: Request) -> Response:
    """Take a file."""
    settings = request.app.state.settings
    return render(request, "upload.html", publication=api.published(request), settings=settings)


@router.post("/upload")
def upload(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Look at the file and ask which column is which."""
    publication = api.published(request)
    uploads: Uploads = request.app.state.uploads
    received = uploads.receive(file.file)
    try:
        uploads.work(received, "inspect", {"file": received.file})
    except Problem:
        uploads.delete(received.upload_id)
        raise
    return render(
        request,
        "upload_mapping.html",
        upload=received,
        preview=received.result("inspect"),
        recipes=recipe_names(publication),
    )


@router.post("/upload/{upload_id}/classify")
async def upload_classify(request: Request, upload_id: UploadId) -> Response:
    """Classify in the background; the answer asks how far it is."""
    form = await request.form()

    def text(name: str) -> str:
        value = form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    uploads: Uploads = request.app.state.uploads
    found = uploads.find(upload_id)
    columns = set(found.result("inspect")["columns"])
    mapping = {
        name.removeprefix("column_"): text(name)
        for name in form
        if name.startswith("column_") and text(name) in columns
    }
    reference = text("reference_date")
    if reference:
        try:
            date.fromisoformat(reference)
        except ValueError:
            raise Problem(
                422, "invalid-request", f"'{reference}' is no date such as 2011-12-10."
            ) from None
    reading: dict[str, Any] = {"column_mapping": mapping}
    for name in ("date_format", "decimal_separator"):
        if text(name):
            reading[name] = text(name)
    uploads.begin(
        found,
        "classify",
        {
            "file": found.file,
            "database": str(request.app.state.store.path),
            "reading": reading,
            "reference_date": reference or None,
        },
    )
    return _progress(request, found, f"/upload/{upload_id}/results")


@router.get("/upload/{upload_id}/progress")
def upload_progress(request: Request, upload_id: UploadId) -> Response:
    """How far the work is, or what it came to."""
    found: Upload = request.app.state.uploads.find(upload_id)
    return _progress(request, found, f"/upload/{upload_id}/results")


def _progress(request: Request, upload: Upload, results_path: str) -> Response:
    if upload.status == "failed" and upload.problem:
        return render(request, "problem.html", problem=upload.problem.document())
    return render(
        request,
        "progress.html",
        upload=upload,
        is_done=upload.status == "done",
        results_path=results_path,
        progress_path=results_path.replace("/results", "/progress"),
    )


RESULT_COLUMNS = (
    ("customer_id", "Customer", "text"),
    ("segment", "Segment", "text"),
    ("cluster_id", "Cluster id", "number"),
    ("cluster_name", "Cluster", "text"),
    ("recency_days", "Days since last order", "number"),
    ("frequency", "Orders", "number"),
    ("monetary", "Net revenue", "money"),
    ("rfm_score", "RFM", "text"),
    ("churn_probability_90d", "No order in 90 days", "percent"),
    ("clv_90d", "Expected value, 90 days", "money"),
)


@router.get("/upload/{upload_id}/results")
def upload_results(
    request: Request,
    upload_id: UploadId,
    recipe: Name = "",
    sort: ResultSort = "monetary",
    order: Literal["asc", "desc"] = "desc",
    page: Number = 1,
) -> Response:
    """What became of the rows, how the customers differ, and the table of customers."""
    found: Upload = request.app.state.uploads.find(upload_id)
    classified = found.result("classify")
    chosen = recipe if recipe in classified["recipes"] else classified["recipes"][0]
    pages = max(math.ceil(classified["customer_count"] / PAGE_ROWS), 1)
    number = min(page, pages)
    sorting = results.order_of(sort, is_descending=order == "desc")

    def query(**changes: Any) -> str:  # noqa: ANN401 - what an address can hold
        return urlencode({"recipe": chosen, "sort": sort, "order": order} | changes)

    def sorted_by(column: str) -> str:
        descending = order != "desc" if column == sort else True
        return query(sort=column, order="desc" if descending else "asc")

    is_table = request.headers.get("hx-target") == "result-table"
    return render(
        request,
        "upload_table.html" if is_table else "upload_results.html",
        upload=found,
        classified=classified,
        recipe=chosen,
        rules=results.rules(found),
        by_segment=results.segments(found),
        observations=found.query(
            "from observations where found_count > 0 order by observation", []
        ).dicts(),
        set_aside=found.query("from set_aside limit 50", []),
        rows=results.page_number(found, chosen, sorting, number=number, size=PAGE_ROWS),
        actions=results.actions,
        columns=RESULT_COLUMNS,
        sort=sort,
        is_descending=order == "desc",
        page=number,
        pages=pages,
        query=query,
        sorted_by=sorted_by,
    )


@router.get("/upload/{upload_id}/customers.csv")
def upload_csv(
    request: Request,
    upload_id: UploadId,
    recipe: Name = "",
    sort: ResultSort = "customer_id",
    order: Literal["asc", "desc"] = "asc",
) -> Response:
    """All customers of the upload, in the order of the table."""
    found: Upload = request.app.state.uploads.find(upload_id)
    classified = found.result("classify")
    chosen = recipe if recipe in classified["recipes"] else classified["recipes"][0]
    name = results.file_name(
        "customers", chosen, classified["reference_date"], classified["customer_count"]
    )
    sorting = results.order_of(sort, is_descending=order == "desc")
    return _csv(csv_bytes(results.all_rows(found, chosen, sorting)), name)


@router.post("/upload/{upload_id}/delete")
def upload_delete(request: Request, upload_id: UploadId) -> Response:
    """Delete the upload and what came of it now."""
    uploads: Uploads = request.app.state.uploads
    uploads.find(upload_id)
    uploads.delete(upload_id)
    return render(request, "deleted.html")


# ---- cluster lab ----


@router.get("/lab")
def lab_form(request: Request, upload_id: Name = "") -> Response:
    """Begin with the built data, or those of an upload."""
    publication = api.published(request)
    if upload_id:
        request.app.state.uploads.find(upload_id).result("classify")
    return render(request, "lab.html", publication=publication, upload_id=upload_id)


@router.post("/lab")
def lab_begin(
    request: Request, upload_id: Annotated[str, Form(pattern=r"^([0-9a-f]{32})?$")] = ""
) -> Response:
    """Try the numbers of clusters in the background."""
    uploads: Uploads = request.app.state.uploads
    found = uploads.find(upload_id) if upload_id else uploads.empty()
    if upload_id:
        found.result("classify")
    try:
        uploads.begin(
            found,
            "lab",
            {"of_upload": bool(upload_id), "database": str(request.app.state.store.path)},
        )
    except Problem:
        if not upload_id:
            uploads.delete(found.upload_id)
        raise
    return _progress(request, found, f"/lab/{found.upload_id}/results")


@router.get("/lab/{upload_id}/progress")
def lab_progress(request: Request, upload_id: UploadId) -> Response:
    """How far the work is."""
    found: Upload = request.app.state.uploads.find(upload_id)
    return _progress(request, found, f"/lab/{upload_id}/results")


@router.get("/lab/{upload_id}/results")
def lab_results(
    request: Request, upload_id: UploadId, clusters: Annotated[int, Query(ge=2, le=20)] = 4
) -> Response:
    """All numbers of clusters side by side, and the profile of the chosen one."""
    found: Upload = request.app.state.uploads.find(upload_id)
    counts = found.result("lab")["counts"]
    chosen = _lab_count(counts, clusters)
    is_profile = request.headers.get("hx-target") == "lab-profile"
    return render(
        request,
        "lab_profile.html" if is_profile else "lab_results.html",
        upload=found,
        counts=counts,
        evaluations=[one["evaluation"] | {"is_chosen": one is chosen} for one in counts],
        customer_count=found.result("lab")["customer_count"],
        chosen=chosen,
        publication=api.published(request),
    )


def _lab_count(counts: Sequence[dict[str, Any]], wanted: int) -> dict[str, Any] | None:
    by_count = {one["evaluation"]["cluster_count"]: one for one in counts}
    if not by_count:
        return None
    return by_count.get(wanted) or by_count[max(by_count)]


@router.get("/lab/{upload_id}/customer_segments.csv")
def lab_csv(
    request: Request, upload_id: UploadId, clusters: Annotated[int, Query(ge=2, le=20)] = 4
) -> Response:
    """Every customer with the cluster of the chosen number."""
    found: Upload = request.app.state.uploads.find(upload_id)
    found.result("lab")
    pieces = found.stream(
        "select customer_id, cluster_id, cluster_name, recency_days, frequency, monetary "
        "from labels where cluster_count = ? order by customer_id",
        [clusters],
        batch=results.CSV_BATCH,
    )
    return _csv(csv_bytes(pieces), "customer_segments.csv")


# ---- the API's documentation, and errors ----


@router.get("/api-docs")
def api_docs(request: Request) -> Response:
    """Show the specification of the API without a script from elsewhere."""
    return render(request, "api_docs.html", specification=request.app.openapi())


def respond(scope: Scope, problem: Problem) -> Response:
    """The response that carries a problem: a document for the API, a page or a part of one else."""
    if scope["path"].startswith("/api/"):
        return problems.respond(problem)
    if problem.status_code == 401:
        return RedirectResponse("/login", 303)
    request = Request(scope)
    template = "problem.html" if _is_part(request) else "problem_page.html"
    response = render(request, template, problem.status_code, problem=problem.document())
    response.headers.update(problem.headers or {})
    return response


def install(app: FastAPI) -> None:
    """Add the pages; errors of pages are pages, or parts of them, those of the API stay documents."""
    handlers = dict(app.exception_handlers)

    def handler_of(kind: type[Exception]) -> Any:  # noqa: ANN401 - a handler of Starlette
        own = handlers[kind]

        async def handle(request: Request, error: Exception) -> Response:
            if request.url.path.startswith("/api/"):
                return await own(request, error)
            return respond(request.scope, _problem_of(error))

        return handle

    for kind in (Problem, RegularsError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handler_of(kind))
    app.include_router(router)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, RegularsError):
        return problem_of(error)
    if isinstance(error, RequestValidationError):
        faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
        return Problem(422, "invalid-request", faults)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, "error", str(error.detail))
    return problems.accident(error)
