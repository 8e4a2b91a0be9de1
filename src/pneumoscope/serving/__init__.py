"""The station: films come in over the network, and results go back."""
