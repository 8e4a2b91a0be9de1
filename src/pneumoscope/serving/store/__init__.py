"""What the station remembers, in one SQLite file: films, results, what is to be sent, and who may do what."""
