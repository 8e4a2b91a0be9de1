"""From a finished run to a frozen bundle: rule, card, checks."""
