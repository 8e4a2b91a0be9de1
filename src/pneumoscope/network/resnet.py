"""The ResNet50 with its class-activation head, as a Keras model."""

from pathlib import Path
from typing import Any

from pneumoscope.decision.labels import CLASSES
from pneumoscope.network.backend import dtype_policy, import_keras
from pneumoscope.network.bundle_weights import SUFFIX, take_weights

STAGES = ("conv1", "conv2", "conv3", "conv4", "conv5", "head")
"""Layer-name prefixes from input to output. Unfreezing a stage unfreezes all that follow it."""

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""Blue, green and red means of ImageNet, subtracted by the caffe-style preprocessing of Keras' ResNet50."""

BATCHNORM_MOMENTUM = 0.97
"""The last thirty batches or so: what is kept of ImageNet's statistics is gone before the first epoch's validation."""


def build(start: str | None) -> Any:
    """Build the network.

    A grey image goes in, is repeated over three channels and centred as ImageNet's weights expect. A 1x1 convolution
    turns the last features into one activation map per class, and each logit is the mean of its map (Zhou et al. 2016,
    "Learning deep features for discriminative localization", eq. 2), so the heatmap is part of the decision, not an
    afterthought.

    Args:
        start: path of Keras' headless ResNet50 weights, or of a bundle whose network is taken whole; None for random
            weights.

    Returns:
        A keras.Model: input (N, H, W, 1) of 0..255; outputs ``logits`` (N, 3) in the order of CLASSES. The layer
        "head_cam" yields the maps (N, H/32, W/32, 3).
    """
    keras = import_keras()
    inputs = keras.Input((None, None, 1), name="radiograph")
    x = keras.layers.Concatenate(name="grey_to_bgr")([inputs, inputs, inputs])
    x = keras.layers.Rescaling(1.0, offset=[-mean for mean in CAFFE_MEAN], name="centre")(x)
    backbone = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    bundle = Path(start) if start and start.endswith(SUFFIX) else None
    if start and not bundle:
        pretrained = keras.applications.ResNet50(include_top=False, weights=start, input_shape=(224, 224, 3))
        backbone.set_weights(pretrained.get_weights())
    elif not bundle:
        _damp(backbone)
    maps = keras.layers.Conv2D(len(CLASSES), 1, name="head_cam", dtype="float32")(backbone.output)
    logits = keras.layers.GlobalAveragePooling2D(name="logits", dtype="float32")(maps)
    model = keras.Model(inputs, logits, name="pneumoscope_resnet50")
    if bundle:
        take_weights(model, bundle)
    return model


def rebuild_in_float32(model: Any) -> Any:
    """Build the same network with the same weights in float32, which is how a bundle computes it.

    Args:
        model: as built by :func:`build`, under any dtype policy.
    """
    with dtype_policy("float32"):
        exact = build(None)
    exact.set_weights(model.get_weights())
    return exact


def _damp(backbone: Any) -> None:
    """Keep the activations of a random network in bounds, as BatchNormalization in inference mode will not.

    The first BatchNormalization starts with the spread of 0..255 inputs, and residual branches start small (Goyal et
    al. 2017, section 5.1, start them at zero).
    """
    for layer in backbone.layers:
        if layer.name == "conv1_bn":
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights([gamma, beta, mean, variance * 128.0**2])
        elif layer.name.endswith("_3_bn"):
            gamma, *others = layer.get_weights()
            layer.set_weights([gamma * 0.1, *others])


def feature_extractor(model: Any) -> Any:
    """The model up to the pooled features (N, 2048) that the head reads."""
    keras = import_keras()
    features = model.get_layer("head_cam").input
    return keras.Model(model.input, keras.layers.GlobalAveragePooling2D()(features))


def unfreeze_from(model: Any, stage: str, *, batchnorm: bool = False) -> None:
    """Make ``stage`` and all later stages trainable and freeze the rest.

    Args:
        model: as built by :func:`build`.
        stage: one of STAGES.
        batchnorm: train BatchNormalization too. It then uses the statistics of the batch, which differ from the ones
            used for prediction: on small batches, or at a high rate, the usual way for fine-tuning to collapse (keras
            issue 9214). The ones used for prediction follow with a momentum of BATCHNORM_MOMENTUM.

    Raises:
        ValueError: there is no such stage.
    """
    keras = import_keras()
    trainable = STAGES[STAGES.index(stage) :]
    for layer in model.layers:
        is_batchnorm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name.startswith(trainable) and (batchnorm or not is_batchnorm)
        if is_batchnorm:
            layer.momentum = BATCHNORM_MOMENTUM
