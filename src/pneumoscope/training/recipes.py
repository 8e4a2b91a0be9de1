"""The recipes of ``pneumoscope train``. Each states the result to expect.

The numbers are of the 712 held-out validation radiographs at the raw score 0. They come from the table of networks in
experiments/README.md, which ``make evidence`` writes from the records of the runs.
"""

from dataclasses import replace

from pneumoscope.decision.operating_point import BASELINE_THRESHOLD
from pneumoscope.training.recipe import Augmentation, Averaging, Phase, Recipe

_NARROW_CROPS = (0.08, 1.0)

_DEFAULT = Recipe(
    name="default",
    finetuning=(
        Phase("128 px", "conv1", epochs=10, learning_rate=1e-4, size=128),
        Phase("192 px", "conv1", epochs=8, learning_rate=1e-4, size=192),
        Phase("longer", "conv1", epochs=8, learning_rate=1e-4, size=192),
    ),
    averaging=Averaging(4, (Phase("192 px", "conv1", epochs=8, learning_rate=1e-4, size=192),)),
    augmentation=Augmentation(crop_area=_NARROW_CROPS, degradation=2.0, collimated=0.25),
    batchnorm=True,
    inference_size=192,
    crop_source_size=448,
)
"""What the released network began with: AUC 0.9988, recall 95.9%, specificity 99.6% (row release-1.4.0)."""

_QUICK = Recipe(
    name="quick",
    finetuning=(
        Phase("128 px", "conv1", epochs=5, learning_rate=1e-4, size=128),
        Phase("160 px", "conv1", epochs=2, learning_rate=5e-5, size=160),
        Phase("longer", "conv1", epochs=5, learning_rate=1e-4, size=128),
    ),
    augmentation=Augmentation(crop_area=_NARROW_CROPS),
    batchnorm=True,
    inference_size=128,
)
"""About an hour on two cores that multiply bfloat16: its 12 epochs took 3,980 s there. AUC 0.9974, recall 95.3%,
specificity 99.3% (row unfrozen-longer-128). Against ``default`` that is 21 instead of 18 of 443 pneumonias missed, and
2 instead of 1 of 269 normals called pneumonia."""

_BASELINE = Recipe(
    name="baseline",
    head=Phase("frozen", "head", epochs=30, learning_rate=1e-2, size=224),
    finetuning=(Phase("unfrozen", "conv1", epochs=3, learning_rate=1e-5, size=224),),
    augmentation=Augmentation(crop_area=(0.9, 1.0), sharpness=0.0, tone=0.0),
    subtypes=False,
    threshold=BASELINE_THRESHOLD,
)
"""The two-phase system that this project rebuilt: the head on a frozen backbone, then all layers at a very low rate, on
radiographs that are hardly changed; threshold 0.700. AUC 0.9972, recall 96.4%, specificity 99.3% (row baseline)."""

_HIDING_THE_HOSPITAL = Augmentation(crop_area=_NARROW_CROPS, degradation=1.5, collimated=0.15, disguised=0.25)
_HOSPITALS = Recipe(
    name="hospitals",
    finetuning=(Phase("128 px", "conv1", epochs=3, learning_rate=3e-5, size=128),),
    augmentation=_HIDING_THE_HOSPITAL,
    inference_size=192,
    crop_source_size=448,
    distilled="home",
)
"""On films of several sources, from the weights of a released bundle, whose BatchNormalization stays as it is. What
that bundle says of the films of the source "home" is kept.
experiments/hospitals/README.md has what it reaches."""

_HOSPITALS_LARGER = replace(
    _HOSPITALS,
    name="hospitals-larger",
    finetuning=(Phase("192 px", "conv1", epochs=1, learning_rate=3e-5, size=192),),
    inference_size=256,
)
"""After ``hospitals``, from its bundle: once over the films on larger crops, so that it reads larger pictures.
experiments/hospitals/README.md has what it reaches."""

_HOSPITALS_QUICK = Recipe(
    name="hospitals-quick",
    finetuning=(Phase("112 px", "conv4", epochs=1, learning_rate=1e-4, size=112),),
    augmentation=_HIDING_THE_HOSPITAL,
    inference_size=160,
)
"""The later stages alone, once over the films, on small crops; experiments/hospitals/README.md has what it reaches."""

_NAIVE = Recipe(
    name="naive",
    finetuning=(Phase("unfrozen at once", "conv1", epochs=2, learning_rate=1e-2, size=128),),
    batchnorm=True,
)
"""What not to do: all layers at once at a high rate. It collapses in the first epoch, and the guard stops it."""

SMOKE = "smoke"
"""The recipe whose model is worthless."""

_SMOKE_PHASE = Phase("unfrozen", "conv5", epochs=2, learning_rate=1e-4, size=64)
_SMOKE = Recipe(
    name=SMOKE,
    head=Phase("frozen", "head", epochs=3, learning_rate=1e-2, size=64),
    finetuning=(_SMOKE_PHASE,),
    averaging=Averaging(2, (_SMOKE_PHASE,)),
    batch=8,
    batchnorm=True,
    limit=12,
    inference_size=64,
    crop_source_size=448,
)
"""Every step of every recipe on a few radiographs; its model is worthless."""

RECIPES = {
    recipe.name: recipe
    for recipe in (_DEFAULT, _QUICK, _BASELINE, _HOSPITALS, _HOSPITALS_LARGER, _HOSPITALS_QUICK, _NAIVE, _SMOKE)
}
