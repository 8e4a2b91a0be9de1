"""Many hospitals: what is trained on, and what is measured of it."""
