"""Proof above the screener: the self-test, the journal of results, and the replay of a result."""
