"""The machine: cores, a pool of threads, and joining Ray."""
