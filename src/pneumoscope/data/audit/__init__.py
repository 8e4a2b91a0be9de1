"""The audit of labelled radiographs: counts, duplicates, leaks and shortcuts, and its page."""
