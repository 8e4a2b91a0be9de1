"""Whether the model may judge a picture: what its header, its content and its lungs say."""
