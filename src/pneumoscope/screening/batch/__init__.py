"""A large screening in parts, on a Ray cluster."""
