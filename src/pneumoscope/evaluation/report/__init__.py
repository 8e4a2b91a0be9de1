"""The report of an evaluation: figures, page, JSON twin and model card."""
