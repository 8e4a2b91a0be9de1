"""REST: films in, results out, and how the station is."""
