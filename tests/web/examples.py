"""The examples of the API's specification: answers of the sample build, cut to a length that can be read.

`python -m tests.web.examples DATABASE` writes them from a published build of the sample shop.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from regulars.web.app import create_app
from regulars.web.settings import ServerSettings
from tests.conftest import ROOT
from tests.web.conftest import BASE, SALES, send

PLACE = ROOT / "src/regulars/web/examples.json"
PREFIX = "/api/v1"
CUSTOMER = "12346"
PATHS = {
    "health": "/health",
    "ready": "/ready",
    "version": "/version",
    "customers": "/customers?segment=Champions&sort=monetary&descending=true&limit=2",
    "customer": f"/customers/{CUSTOMER}",
    "segments": "/segments",
    "segment": "/segments/Champions",
    "clusters": "/clusters?recipe=engagement",
    "alerts": "/alerts",
    "insights": "/insights",
    "recommendations": f"/recommendations/{CUSTOMER}",
    "models": "/metrics/models",
}
MOST_ITEMS = 2
# names of a copy and of an upload differ from run to run
STEADY = {"publish_id": "5d0f3c9a7b1e4c62", "upload_id": "9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a90"}


def examples(client: TestClient) -> dict[str, Any]:
    """The answers by operation; those of marts that the database lacks are left out."""
    answers = {}
    for name, path in PATHS.items():
        response = client.get(PREFIX + path)
        if response.status_code == 200:
            answers[name] = _shortened(response.json())
    answers["classification"] = _shortened(send(client, SALES).json())
    return answers


def _shortened(document: Any) -> Any:
    if isinstance(document, list):
        return [_shortened(item) for item in document[:MOST_ITEMS]]
    if isinstance(document, dict):
        return {
            key: STEADY.get(key, _shortened(value)) if value is not None else None
            for key, value in document.items()
        }
    return document


def main(database: Path) -> None:
    """Write the examples."""
    settings = ServerSettings(database=database)
    with TestClient(create_app(settings), base_url=BASE) as client:
        text = json.dumps(examples(client), indent=2, ensure_ascii=False)
    PLACE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
