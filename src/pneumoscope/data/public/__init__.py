"""Fetching the public release: download, check, unpack."""
