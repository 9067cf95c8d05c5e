"""Regulars: customer intelligence for retailers in one dbt build.

In Python, `import regulars as rg` gives the methods for frames of one's own:

    rg.rfm(orders, as_of="2011-12-10")
    rg.BGNBD(ridge=0.0).fit(x=…, t_x=…, T=…)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regulars.btyd import BGNBD, GammaGamma
    from regulars.rfm_frames import purchase_histories, rfm, segments

# Imported when first used: the command line must start without numerical libraries.
_PLACES = {
    "BGNBD": "regulars.btyd",
    "GammaGamma": "regulars.btyd",
    "purchase_histories": "regulars.rfm_frames",
    "rfm": "regulars.rfm_frames",
    "segments": "regulars.rfm_frames",
}

__all__ = ["BGNBD", "GammaGamma", "purchase_histories", "rfm", "segments"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _PLACES:
        raise AttributeError(f"module 'regulars' has no attribute '{name}'")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
