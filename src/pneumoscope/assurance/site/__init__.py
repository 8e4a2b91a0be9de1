"""Does it work here? A site plans, validates, freezes its thresholds, and watches them.

``plan`` counts the films that a guarantee needs; ``validate`` measures on the site's labelled films; ``freeze`` makes a
``decision.site_profile`` of it; ``watch`` compares later results with it, without labels; ``shadow`` compares them with
the readers' reports.
"""
