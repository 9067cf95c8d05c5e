"""How numbers are written in sentences."""

# How a value of each format is written.
FORMATS = {
    "count": "{:,.0f}",
    "days": "{:,.0f} days",
    "money": "{:,.2f}",
    "number": "{:,.2f}",
    "share": "{:.0%}",
}
