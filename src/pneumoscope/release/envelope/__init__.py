"""Fit the envelope of a bundle: what a frontal chest radiograph is, and where its lungs are."""
