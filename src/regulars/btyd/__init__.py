"""Buy-till-you-die models: how often customers will buy, and how much they spend each time.

`BGNBD` describes when customers buy and when they stop, `GammaGamma` what an order is worth; both
are fitted to a few numbers per customer:

- **x**: repeat purchases, that is days with a purchase after the first such day;
- **t_x**: time from the first to the last purchase, 0 where x = 0 (not the days since the last
  purchase);
- **T**: time from the first purchase to now, in the unit of t_x;
- **mean_spend**: mean value of the repeat purchases.

Time may be days or weeks, or run on a warped clock that is fast when the shop is busy. A fitted
model is a few numbers (`parameters`, `from_parameters`), which is how it is stored.
"""

from regulars.btyd.bg_nbd import BGNBD
from regulars.btyd.errors import InvalidHistoryError, NotFittedError
from regulars.btyd.gamma_gamma import GammaGamma

__all__ = ["BGNBD", "GammaGamma", "InvalidHistoryError", "NotFittedError"]
