"""Proof above the screener: the self-test, the journal of results, the replay of a result, and a site's own checks."""
