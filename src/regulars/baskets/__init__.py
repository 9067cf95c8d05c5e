"""What is bought together, and what to recommend to whom."""
