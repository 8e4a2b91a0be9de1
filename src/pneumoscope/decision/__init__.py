"""From a raw score to a decision: calibration and operating points. No framework in here."""
