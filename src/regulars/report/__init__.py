"""The report: one self-contained page and the figures, made from a published database.

Panels say which rows they show and how (`panel`, `tabs`), `summarise` reads the rows and puts them into
words, `render` makes the page of them. Nothing is computed in templates; nothing is read but the database.
"""
