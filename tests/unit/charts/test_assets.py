"""The bundle of Vega is begun once, and once more where its process was ended."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import cache

import pytest

from regulars.charts import assets


def test_the_bundle_is_begun_once() -> None:
    assert assets.begin_bundling() is assets.begin_bundling()
    assert "vegaEmbed" in assets.vega_bundle()


def test_a_bundler_that_was_ended_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: Future[str] = Future()
    ended.set_exception(BrokenProcessPool())
    done: Future[str] = Future()
    done.set_result("bundle")
    begun = iter([ended, done])
    monkeypatch.setattr(assets, "begin_bundling", cache(lambda: next(begun)))
    with pytest.raises(BrokenProcessPool):
        assets.vega_bundle()
    assert assets.vega_bundle() == "bundle"
