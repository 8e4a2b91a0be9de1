"""The one-file model: its typed card, and which runtimes are validated for it."""
