"""Damaged copies of radiographs, of every kind of file that is read, judged by a bundle."""
