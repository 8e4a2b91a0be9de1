"""What the tests of the targets share."""

import socket

import pytest


@pytest.fixture
def unused_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
