"""The ResNet50, its ImageNet weights and the frozen bundle."""
