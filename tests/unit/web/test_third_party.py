from __future__ import annotations

import hashlib
import re

from tests.conftest import ROOT

ROW = re.compile(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| [^|]+ \| `([0-9a-f]{64})` \|$", re.M)


def test_files_of_others_are_those_that_are_named() -> None:
    rows = ROW.findall((ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8"))
    assert "src/regulars/web/static/htmx.min.js" in {path for path, _, _ in rows}
    for path, _, sha256 in rows:
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == sha256, path
    text = (ROOT / "src/regulars/web/static/htmx.min.js").read_text(encoding="utf-8")
    assert next(version for path, version, _ in rows if path.endswith("htmx.min.js")) in text
