"""One module for each file format: bytes to grey pixels."""
