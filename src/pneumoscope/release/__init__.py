"""From a finished run to a frozen bundle: decision rule, validation, card."""
