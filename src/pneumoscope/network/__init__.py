"""The ResNet50 in Keras: building it, its ImageNet weights, export to the bundle, int8."""
