"""Heads that are fitted anew to the features of a network, and what each is worth."""
