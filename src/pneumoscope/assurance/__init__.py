"""Proof above the Screener: what a site, a reader or an inspector can check. No inference of its own."""
