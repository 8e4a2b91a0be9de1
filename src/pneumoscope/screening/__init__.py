"""Bundle and radiographs to results: one film, a folder, a page. Knows neither Keras nor TensorFlow."""
