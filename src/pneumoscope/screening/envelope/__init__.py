"""Which radiographs a model may judge: each layer refuses, or remarks, before the network is asked."""
