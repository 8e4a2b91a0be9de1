"""What the numbers of release 1.4.0 on the official test rest on."""
