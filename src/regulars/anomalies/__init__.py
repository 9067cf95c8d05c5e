"""What is out of the ordinary: days and weeks of revenue, and customers."""
