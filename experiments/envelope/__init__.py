"""What the envelope refuses of hospitals that it never saw, and lets through of kinds that it never saw."""
