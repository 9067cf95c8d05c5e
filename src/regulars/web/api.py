"""The API under /api/v1. Answers come from the published copy; uploads from `regulars.classify`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from regulars.web import customers as listing
from regulars.web import results
from regulars.web import schemas as answers
from regulars.web.csv_rows import csv_bytes
from regulars.web.customers import KINDS, CustomerFilter
from regulars.web.paging import Order
from regulars.web.problems import EXAMPLES, MEDIA_TYPE, Problem
from regulars.web.store import Publication
from regulars.web.uploads import Upload, Uploads

API_VERSION = "v1"
PREFIX = f"/api/{API_VERSION}"
CSV = "text/csv; charset=utf-8"
LIMIT = 100
MOST = 1_000

router = APIRouter(prefix=PREFIX)

# Texts that name something: NUL is none of their characters, and DuckDB takes none.
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
CustomerId = Annotated[
    str, Path(max_length=200, pattern=r"^[^\x00]+$", description="As the shop writes it.")
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="Where the page begins: from `next`.")
]
SortColumn = Literal[tuple(KINDS)]  # type: ignore[valid-type]
UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@cache
def _examples() -> dict[str, Any]:
    """By operation, an answer of the sample shop's: `python tests/web_examples.py` writes them."""
    text = files("regulars.web").joinpath("examples.json").read_text(encoding="utf-8")
    return json.loads(text)


def documented(name: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Examples of an operation's answers: made from the sample shop, and checked by a test."""
    responses: dict[int | str, dict[str, Any]] = {}
    example = _examples().get(name)
    if example is not None:
        responses[200] = {"content": {"application/json": {"example": example}}}
    for status in sorted({*statuses, 400, 401, 422, 500, 503}):
        example = EXAMPLES[status]
        responses[status] = {
            "content": {
                MEDIA_TYPE: {
                    "schema": answers.ProblemDocument.model_json_schema(),
                    "example": example,
                }
            },
            "description": example["title"],
        }
    return responses


def published(request: Request) -> Publication:
    """The copy that this request reads, pinned for its length.

    Raises:
        NotBuiltError: Nothing is published.
    """
    state = request.state
    if getattr(state, "publication", None) is None:
        state.publication = request.app.state.store.acquire()
    return state.publication


def _page(
    publication: Publication, items: list[Any], total: int, following: str | None
) -> dict[str, Any]:
    return {
        "items": items,
        "total": total,
        "next": following,
        "as_of_date": publication.as_of_date,
        "publish_id": publication.publish_id,
    }


def _next_path(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"{request.url.path}?{urlencode([*kept, ('after', cursor)])}"


def _link(response: Response, following: str | None) -> None:
    if following:
        response.headers["link"] = f'<{following}>; rel="next"'


def _mart(publication: Publication, table: str) -> None:
    if table not in publication.tables:
        raise Problem(
            404,
            "not-published",
            f"The published database has no table {table}: it was built without it.",
        )


def _recipe(publication: Publication, recipe: str | None) -> str:
    recipes = listing.known(
        publication, "select recipe from main_seeds.segmentation_recipes order by display_order"
    )
    if recipe is None:
        return recipes[0]
    if recipe not in recipes:
        raise Problem(422, "unknown-recipe", f"There is no recipe '{recipe}'.", known=recipes)
    return recipe


@router.get(
    "/health",
    response_model=answers.Health,
    responses=documented("health"),
    tags=["server"],
    summary="Does the process live?",
)
def health() -> dict[str, str]:
    """Answer without looking at the database."""
    return {"status": "ok"}


@router.get(
    "/ready",
    response_model=answers.Ready,
    responses=documented("ready"),
    tags=["server"],
    summary="Is there a published database?",
)
def ready(request: Request) -> dict[str, Any]:
    """Answer 503 while nothing is published."""
    publication = published(request)
    return {
        "status": "ready",
        "as_of_date": publication.as_of_date,
        "publish_id": publication.publish_id,
    }


@router.get(
    "/version",
    response_model=answers.Version,
    responses=documented("version"),
    tags=["server"],
    summary="Versions of the program, the API and the published database",
)
def versions(request: Request) -> dict[str, Any]:
    """Say what answers."""
    publication = published(request)
    return {
        "version": version("regulars"),
        "api_version": API_VERSION,
        "as_of_date": publication.as_of_date,
        "publish_id": publication.publish_id,
    }


@router.get(
    "/customers",
    response_model=answers.Page[answers.CustomerItem],
    responses=documented("customers", 422),
    tags=["customers"],
    summary="Customers: filtered, sorted, paged",
)
def customers(
    request: Request,
    response: Response,
    segment: Annotated[list[Text], Query(description="Any of these.")] = [],  # noqa: B006
    country: Annotated[list[Text], Query(description="Any of these.")] = [],  # noqa: B006
    cluster: Annotated[list[Text], Query(description="Names of the recipe's.")] = [],  # noqa: B006
    risk_band: Annotated[list[Literal["Low", "Medium", "High"]], Query()] = [],  # noqa: B006
    recipe: Annotated[Text | None, Query(description="Whose clusters; default: the first.")] = None,
    minimum_frequency: Annotated[int | None, Query(ge=0, le=10**9)] = None,
    minimum_clv: Annotated[
        float | None,
        Query(
            allow_inf_nan=False, description="Of clv_90d; customers without one stay in the list."
        ),
    ] = None,
    search: Annotated[Text, Query(description="Beginning of the customer id.")] = "",
    sort: SortColumn = "customer_id",
    descending: bool = False,
    limit: Limit = LIMIT,
    after: Cursor = None,
) -> dict[str, Any]:
    """List customers at the as-of date."""
    publication = published(request)
    chosen = CustomerFilter(
        recipe=_recipe(publication, recipe),
        segments=tuple(segment),
        countries=tuple(country),
        clusters=tuple(cluster),
        risk_bands=tuple(risk_band),
        minimum_frequency=minimum_frequency,
        minimum_clv=minimum_clv,
        search=search,
    )
    order = listing.order_of(sort, is_descending=descending)
    items, cursor = listing.page_after(publication, chosen, order, cursor=after, limit=limit)
    following = _next_path(request, cursor)
    _link(response, following)
    return _page(publication, items, listing.count(publication, chosen), following)


@router.get(
    "/customers/{customer_id}",
    response_model=answers.Customer,
    responses=documented("customer", 404),
    tags=["customers"],
    summary="One customer: scores with intervals and reasons, clusters, history",
)
def customer(request: Request, customer_id: CustomerId) -> dict[str, Any]:
    """Tell one customer's whole story."""
    return customer_story(published(request), customer_id)


def customer_story(publication: Publication, customer_id: str) -> dict[str, Any]:
    """What is known of one customer.

    Raises:
        Problem: There is no such customer (404).
    """
    found = publication.query(
        """
        select customers.* exclude (as_of_date, primary_country, country_count, is_uk, order_count),
            customers.as_of_date, customers.primary_country as country,
            segments.segment, segments.previous_segment, rfm.* exclude (as_of_date, customer_id)
        from customers
        inner join customer_rfm as rfm on customers.customer_id = rfm.customer_id
        inner join customer_segments as segments on customers.customer_id = segments.customer_id
        where customers.customer_id = ?
        """,
        [customer_id],
    ).dicts()
    if not found:
        raise Problem(404, "no-customer", "There is no such customer at the as-of date.")

    def rows(sql: str) -> list[dict[str, Any]]:
        return publication.query(sql, [customer_id]).dicts()

    scores = rows("select * from customer_scores where customer_id = ?")
    return found[0] | {
        "publish_id": publication.publish_id,
        "scores": scores[0] if scores else None,
        "reasons": rows(
            "select task, reason_rank, feature, contribution, sentence from customer_score_reasons "
            "where customer_id = ? order by task, reason_rank"
        ),
        "clusters": rows(
            "select recipe, cluster_id, cluster_name, distance, is_extreme from customer_clusters "
            "where customer_id = ? order by recipe"
        ),
        "segment_history": rows(
            """
            select history.as_of_date, history.segment, history.recency_days, history.frequency,
                history.monetary, migrations.cause
            from segment_history as history
            left join segment_migrations as migrations
                on history.customer_id = migrations.customer_id
                and history.as_of_date = migrations.to_date
            where history.customer_id = ? order by history.as_of_date
            """
        ),
    }


@router.get(
    "/segments",
    response_model=answers.Page[answers.Segment],
    responses=documented("segments"),
    tags=["segments"],
    summary="All segments at the as-of date",
)
def segments(request: Request) -> dict[str, Any]:
    """List the segments, the best first."""
    publication = published(request)
    items = segment_rows(publication)
    return _page(publication, items, len(items), None)


def segment_rows(publication: Publication) -> list[dict[str, Any]]:
    """The segments at the as-of date, in display order."""
    return publication.query(
        "select * exclude (as_of_date) from segment_profiles where as_of_date = ? order by display_order",
        [publication.as_of_date],
    ).dicts()


@router.get(
    "/segments/{name}",
    response_model=answers.SegmentDetail,
    responses=documented("segment", 404),
    tags=["segments"],
    summary="One segment: its past, its categories, its rules",
)
def segment(
    request: Request, name: Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$")]
) -> dict[str, Any]:
    """Tell one segment's story."""
    publication = published(request)
    found = [row for row in segment_rows(publication) if row["segment"] == name]
    if not found:
        names = [row["segment"] for row in segment_rows(publication)]
        raise Problem(404, "no-segment", "There is no such segment.", known=names)

    def rows(sql: str, values: list[Any]) -> list[dict[str, Any]]:
        return [
            {key: _plain(value) for key, value in row.items()}
            for row in publication.query(sql, values).dicts()
        ]

    rule_set = json.loads(
        publication.query("select value from build_settings where setting = 'segment_rules'").rows[
            0
        ][0]
    )
    return found[0] | {
        "as_of_date": publication.as_of_date,
        "publish_id": publication.publish_id,
        "history": rows(
            "select as_of_date, customer_count, customer_share, revenue from segment_profiles "
            "where segment = ? order by as_of_date",
            [name],
        ),
        "top_categories": rows(
            "select category, revenue, revenue_share from segment_category_shares "
            "where segment = ? order by revenue desc, category limit 5",
            [name],
        ),
        "rules": rows(
            "select priority, r_min, r_max, f_min, f_max, m_min, m_max, fm_min, fm_max "
            "from main_seeds.segment_rules where rule_set = ? and segment = ? order by priority",
            [rule_set, name],
        ),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell
    return float(value) if hasattr(value, "as_tuple") else value


@router.get(
    "/clusters",
    response_model=answers.Page[answers.Cluster],
    responses=documented("clusters", 422),
    tags=["segments"],
    summary="Clusters of all recipes, or of one",
)
def clusters(
    request: Request,
    recipe: Annotated[Text | None, Query(description="One recipe; default: all.")] = None,
) -> dict[str, Any]:
    """List the clusters with what they mean and what to do."""
    publication = published(request)
    if recipe is not None:
        _recipe(publication, recipe)
    items = cluster_rows(publication, recipe)
    return _page(publication, items, len(items), None)


def cluster_rows(publication: Publication, recipe: str | None) -> list[dict[str, Any]]:
    """The clusters of one recipe, or of all."""
    rows = publication.query(
        "select profiles.* from cluster_profiles as profiles "
        "inner join main_seeds.segmentation_recipes as recipes on profiles.recipe = recipes.recipe "
        "where ? is null or profiles.recipe = ? order by recipes.display_order, profiles.cluster_id",
        [recipe, recipe],
    ).dicts()
    for row in rows:
        row["recommended_actions"] = results.actions(row["recommended_actions"])
    return rows


@router.get(
    "/alerts",
    response_model=answers.Page[answers.Alert],
    responses=documented("alerts", 404),
    tags=["insights"],
    summary="Alerts, the most urgent first",
)
def alerts(request: Request) -> dict[str, Any]:
    """List what fired; 404 with the reason where the database was built without alerts."""
    publication = published(request)
    _mart(publication, "alerts")
    items = publication.query("from alerts order by alert_rank, alert_id").dicts()
    return _page(publication, items, len(items), None)


@router.get(
    "/insights",
    response_model=answers.Page[answers.Insight],
    responses=documented("insights", 404),
    tags=["insights"],
    summary="Opportunities, the most worth first",
)
def insights(request: Request) -> dict[str, Any]:
    """List opportunities; 404 with the reason where the database was built without them."""
    publication = published(request)
    _mart(publication, "insights")
    items = publication.query("from insights order by insight_rank, insight").dicts()
    return _page(publication, items, len(items), None)


@router.get(
    "/recommendations/{customer_id}",
    response_model=answers.Page[answers.Recommendation],
    responses=documented("recommendations", 404),
    tags=["customers"],
    summary="Products to buy again, and new ones",
)
def recommendations(request: Request, customer_id: CustomerId) -> dict[str, Any]:
    """List the products recommended to a customer, each with its reason."""
    publication = published(request)
    known = publication.query("select 1 from customers where customer_id = ?", [customer_id]).rows
    if not known:
        raise Problem(404, "no-customer", "There is no such customer at the as-of date.")
    items = recommendation_rows(publication, customer_id)
    return _page(publication, items, len(items), None)


def recommendation_rows(publication: Publication, customer_id: str) -> list[dict[str, Any]]:
    """Both lists of a customer."""
    return publication.query(
        "select * from product_recommendations where customer_id = ? order by list, rank",
        [customer_id],
    ).dicts()


@router.get(
    "/metrics/models",
    response_model=answers.Page[answers.ModelMetric],
    responses=documented("models"),
    tags=["insights"],
    summary="Who serves each prediction, and how good it is",
)
def models(request: Request) -> dict[str, Any]:
    """List the predictions with their grades against BG/NBD."""
    publication = published(request)
    items = publication.query("from model_eligibility order by task, horizon_days").dicts()
    return _page(publication, items, len(items), None)


@router.post(
    "/classify_customers",
    response_model=answers.ClassificationPage,
    responses=documented("classification", 403, 408, 413, 415, 422, 429),
    tags=["uploads"],
    summary="Classify the customers of a file by the rules, clusters and models of the build",
)
def classify_customers(
    request: Request,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV, CSV.GZ, XLSX or Parquet.")],
    recipe: Annotated[Text | None, Query(description="Whose clusters; default: the first.")] = None,
    reference_date: Annotated[
        date | None,
        Query(
            description="First day not counted. Default: the day after the file's last row; for one "
            "customer alone the date of the training population, if that is later."
        ),
    ] = None,
    column_mapping: Annotated[
        str | None,
        Query(
            max_length=5_000,
            description='JSON object of our column to yours, such as {"invoice": "order_no"}.',
        ),
    ] = None,
    date_format: Annotated[Text | None, Query()] = None,
    decimal_separator: Annotated[Literal[".", ","] | None, Query()] = None,
    limit: Limit = MOST,
) -> Any:  # noqa: ANN401 - JSON or CSV
    """Answer JSON, or all customers as CSV where Accept is text/csv."""
    publication = published(request)
    chosen = _recipe(publication, recipe)
    reading = _reading(column_mapping, date_format, decimal_separator)
    uploads: Uploads = request.app.state.uploads
    upload = uploads.receive(file.file)
    given = {
        "file": upload.file,
        "database": str(request.app.state.store.path),
        "reading": reading,
        "reference_date": reference_date.isoformat() if reference_date else None,
    }
    try:
        uploads.work(upload, "classify", given)
    except Problem:
        uploads.delete(upload.upload_id)
        raise
    if _wants_csv(request):
        return _stream_csv(uploads, upload, chosen)
    return _classified(request, response, upload, chosen, limit=limit, cursor=None, is_first=True)


@router.get(
    "/classifications/{upload_id}",
    response_model=answers.ClassificationPage,
    responses=documented("classification", 404, 422),
    tags=["uploads"],
    summary="Customers of an upload: further pages",
)
def classification(
    request: Request,
    response: Response,
    upload_id: UploadId,
    recipe: Annotated[Text | None, Query()] = None,
    limit: Limit = MOST,
    after: Cursor = None,
) -> dict[str, Any]:
    """Page through an upload that POST /classify_customers has answered."""
    publication = published(request)
    upload = request.app.state.uploads.find(upload_id)
    chosen = _recipe(publication, recipe)
    return _classified(
        request, response, upload, chosen, limit=limit, cursor=after, is_first=after is None
    )


@router.delete(
    "/classifications/{upload_id}",
    status_code=204,
    responses=documented("", 403, 404),
    tags=["uploads"],
    summary="Delete an upload and what came of it now",
)
def forget(request: Request, upload_id: UploadId) -> Response:
    """Delete at once what would be deleted later."""
    uploads: Uploads = request.app.state.uploads
    uploads.find(upload_id)
    uploads.delete(upload_id)
    return Response(status_code=204)


def _reading(
    column_mapping: str | None, date_format: str | None, decimal_separator: str | None
) -> dict[str, Any]:
    reading: dict[str, Any] = {}
    if column_mapping:
        try:
            mapping = json.loads(column_mapping)
        except (ValueError, RecursionError):
            mapping = None
        if not isinstance(mapping, dict):
            raise Problem(422, "invalid-setting", "column_mapping is no JSON object.")
        reading["column_mapping"] = mapping
    if date_format:
        reading["date_format"] = date_format
    if decimal_separator:
        reading["decimal_separator"] = decimal_separator
    return reading


def _wants_csv(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/csv" in accepted and "application/json" not in accepted


def _stream_csv(uploads: Uploads, upload: Upload, recipe: str) -> StreamingResponse:
    def pieces() -> Iterator[bytes]:
        try:
            yield from csv_bytes(results.all_rows(upload, recipe))
        finally:
            uploads.delete(upload.upload_id)

    found = upload.result("classify")
    name = results.file_name("customers", recipe, found["reference_date"], found["customer_count"])
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "x-reference-date": found["reference_date"],
    }
    return StreamingResponse(pieces(), media_type=CSV, headers=headers)


def _classified(
    request: Request,
    response: Response,
    upload: Upload,
    recipe: str,
    *,
    limit: int,
    cursor: str | None,
    is_first: bool,
) -> dict[str, Any]:
    found = upload.result("classify")
    order = Order("customer_id", "text", False)
    items, following = results.page_after(upload, recipe, order, cursor=cursor, limit=limit)
    path = None
    if following:
        query = urlencode({"recipe": recipe, "limit": limit, "after": following})
        path = f"{PREFIX}/classifications/{upload.upload_id}?{query}"
    _link(response, path)
    return {
        "items": [results.nested(row) for row in items],
        "total": found["customer_count"],
        "next": path,
        "upload_id": upload.upload_id,
        "recipe": recipe,
        "reference_date": found["reference_date"],
        "reference_reason": found["reference_reason"],
        "row_count": found["row_count"],
        "rows_by_rule": results.rules(upload) if is_first else [],
        "drift": found["drift"] if is_first else [],
        "notes": found["notes"],
        "publish_id": published(request).publish_id,
    }
