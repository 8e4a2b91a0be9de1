"""Pages, made on the server."""
