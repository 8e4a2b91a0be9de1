"""Results as JSON lines, CSV, a table, a page and pictures."""
