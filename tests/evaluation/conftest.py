"""Its presence puts this folder on the path, so that the tests below it too can import synthetic.py."""
