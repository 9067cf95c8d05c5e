"""Forward predictions as of a date: trained on what followed earlier dates, judged on later ones."""
