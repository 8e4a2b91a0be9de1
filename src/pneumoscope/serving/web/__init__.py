"""The web server of the station: pages for people, and REST for programs. Nothing is loaded from elsewhere."""
