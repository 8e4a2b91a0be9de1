"""Durable files of what was received."""

from pneumoscope.errors import PneumoscopeError


class SpoolFullError(PneumoscopeError):
    """The disk is too full to take another film safely."""
