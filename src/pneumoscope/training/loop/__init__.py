"""The training loop: phases, members and their average, the collapse guard, checkpoints."""
