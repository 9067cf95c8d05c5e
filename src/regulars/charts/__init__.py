"""Charts: pure functions from the rows of a panel to a Vega-Lite specification.

The page and the figures (and any other face) draw the same specifications. They carry no colours of
their own but names of `regulars.charts.theme`, no size but a height, and no data: rows are bound under
the name `rows` when they are drawn.
"""
