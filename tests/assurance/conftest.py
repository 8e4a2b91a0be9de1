"""The fixtures of this folder: a tiny bundle, and folders of films for it."""

from tiny_fixtures import acceptance, films, make_bundle, screener, tiny_bundle

__all__ = ["acceptance", "films", "make_bundle", "screener", "tiny_bundle"]
