"""The nine tabs of the report, in order."""

from regulars.report.tabs.baskets import BASKETS
from regulars.report.tabs.clusters import CLUSTERS
from regulars.report.tabs.customers import CUSTOMERS
from regulars.report.tabs.executive import EXECUTIVE
from regulars.report.tabs.insights import INSIGHTS
from regulars.report.tabs.models import MODELS
from regulars.report.tabs.sales import SALES
from regulars.report.tabs.segments import SEGMENTS
from regulars.report.tabs.timing import TIMING

TABS = (EXECUTIVE, SALES, SEGMENTS, CUSTOMERS, TIMING, CLUSTERS, BASKETS, MODELS, INSIGHTS)
