"""What a training run does, as data. The frozen recipes state their command and the result to expect."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pneumoscope.errors import TrainingError
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.training.augment import Augmentation


@dataclass(frozen=True)
class Phase:
    """One stretch of training with one setting.

    Attributes:
        name: shown in the history and the figures.
        opened: first trainable stage (see pneumoscope.network.resnet.STAGES).
        epochs: passes over the training films.
        learning_rate: peak of the warm-up and cosine schedule.
        size: side of the training crops, in pixels.
    """

    name: str
    opened: str
    epochs: int
    learning_rate: float
    size: int


@dataclass(frozen=True)
class Recipe:
    """Everything but the films and the seed.

    Attributes:
        name: of the recipe.
        head: the frozen phase. The backbone's features of the plain films are computed once and the head is fitted to
            them, which is the same optimisation as running the frozen backbone again in every epoch.
        finetune: the phases after it, all on augmented films.
        batch: films per step.
        weight_decay: of AdamW, decoupled (Loshchilov and Hutter 2019).
        ema: momentum of the weights' moving average, which is what is validated and kept; 0 keeps the raw weights.
        augmentation: how far the films are changed in fine-tuning.
        subtypes: teach bacterial against viral too; without, every pneumonia counts as one of unknown subtype.
        batchnorm: train BatchNormalization too, on batch statistics.
        limit: most films used per split and class; None for all.
        scored_at: side, in pixels, at which the finished network reads films. One trained on small films misreads those
            of INPUT_SIZE.
        packed_at: side, in pixels, of the films that training crops are cut from. Narrow crops of films of INPUT_SIZE
            are blown up, and blurred by it.
    """

    name: str
    head: Phase
    finetune: tuple[Phase, ...]
    batch: int = 32
    weight_decay: float = 0.02
    ema: float = 0.99
    augmentation: Augmentation = field(default_factory=Augmentation)
    subtypes: bool = True
    batchnorm: bool = False
    limit: int | None = None
    scored_at: int = INPUT_SIZE
    packed_at: int = INPUT_SIZE

    @property
    def covered(self) -> bool:
        """Whether the network reads films with what lies around the lungs covered, having been taught so."""
        return self.augmentation.lungs_alone > 0


_DEFAULT = Recipe(
    name="default",
    head=Phase("frozen", "head", epochs=30, learning_rate=1e-2, size=160),
    finetune=(
        Phase("unfrozen, 128 px", "conv3", epochs=4, learning_rate=1e-4, size=128),
        Phase("unfrozen, 160 px", "conv3", epochs=3, learning_rate=5e-5, size=160),
    ),
)

_SMALL = replace(
    _DEFAULT,
    name="small",
    head=replace(_DEFAULT.head, size=128),
    finetune=(Phase("unfrozen, 96 px", "conv3", epochs=4, learning_rate=1.5e-4, size=96),),
    augmentation=Augmentation(crop_area=(0.12, 1.0)),
    scored_at=112,
)

_COVERED = replace(_SMALL.augmentation, lungs_alone=0.75)

_AT_ONCE = replace(_DEFAULT, head=replace(_DEFAULT.head, epochs=0), ema=0.0, batchnorm=True)
"""No head fitted first, BatchNormalization on batch statistics, which a moving average of the weights would not fit."""

_OPENED = replace(_AT_ONCE, augmentation=Augmentation(crop_area=(0.08, 1.0)))

_DETAILED = replace(_OPENED, scored_at=192, packed_at=2 * INPUT_SIZE)

_ROBUST = replace(
    _DETAILED,
    augmentation=Augmentation(crop_area=(0.08, 1.0), degradation=2.0, collimated=0.25),
    scored_at=INPUT_SIZE,
)


def _naive(name: str, rate: float) -> Recipe:
    """Everything opened at once, at a rate that is too high for it."""
    phase = Phase("unfrozen at once", "conv1", epochs=2, learning_rate=rate, size=128)
    return replace(_AT_ONCE, name=name, finetune=(phase,))


def _going_on(name: str, epochs: int, learning_rate: float, ema: float) -> Recipe:
    """More epochs for a finished run, whose head is fitted."""
    return replace(
        _SMALL,
        name=name,
        head=replace(_SMALL.head, epochs=0),
        finetune=(Phase("going on, 160 px", "conv3", epochs, learning_rate, size=160),),
        ema=ema,
        scored_at=INPUT_SIZE,
    )


RECIPES = {
    # pneumoscope train --data chest_xray --out RUN           (docs/evidence/ holds the recorded result)
    "default": _DEFAULT,
    # pneumoscope train --data chest_xray --out RUN --smoke   (under two minutes; its model is worthless)
    "smoke": Recipe(
        name="smoke",
        head=Phase("frozen", "head", epochs=5, learning_rate=1e-2, size=64),
        finetune=(Phase("unfrozen", "conv5", epochs=2, learning_rate=1e-4, size=64),),
        batch=8,
        limit=12,
        packed_at=2 * INPUT_SIZE,
    ),
    # Many small runs for one: pneumoscope train --folds 5 --recipe small; pneumoscope average;
    # pneumoscope train --start MEAN --recipe finish              (docs/evidence/ablations.md: no better so far)
    "small": _SMALL,
    "finish": _going_on("finish", epochs=2, learning_rate=5e-5, ema=_SMALL.ema),
    # For any of them, with what lies around the lungs covered: pneumoscope train --start RUN --recipe covered
    "covered": replace(
        _going_on("covered", epochs=2, learning_rate=5e-5, ema=_SMALL.ema),
        augmentation=_COVERED,
        scored_at=160,
    ),
    # Covered from the first epoch, and smaller: pneumoscope train --recipe lungs, a third of the work of the two above
    # for nearly the same (docs/evidence/ablations.md)
    "lungs": replace(
        _DEFAULT,
        name="lungs",
        head=replace(_DEFAULT.head, size=128),
        finetune=(
            Phase("unfrozen, 96 px", "conv3", epochs=4, learning_rate=1.5e-4, size=96),
            Phase("unfrozen, 128 px", "conv3", epochs=2, learning_rate=7.5e-5, size=128),
        ),
        augmentation=_COVERED,
        scored_at=128,
    ),
    # The default, and longer: pneumoscope train --start DEFAULT --recipe longer
    "longer": _going_on("longer", epochs=5, learning_rate=1e-4, ema=0.998),
    # Everything opened at once and BatchNormalization trained with it, at a low rate, on wide crops; then longer; then
    # on crops that keep their detail: pneumoscope train --recipe opened; pneumoscope train --start RUN --recipe
    # opened-longer; pneumoscope train --start LONGER --recipe opened-detail           (docs/evidence/ has the result)
    "opened": replace(
        _OPENED,
        name="opened",
        finetune=(
            Phase("unfrozen, 128 px", "conv1", epochs=5, learning_rate=1e-4, size=128),
            Phase("unfrozen, 160 px", "conv1", epochs=2, learning_rate=5e-5, size=160),
        ),
        scored_at=128,
    ),
    "opened-longer": replace(
        _OPENED,
        name="opened-longer",
        finetune=(Phase("going on, 128 px", "conv1", epochs=5, learning_rate=1e-4, size=128),),
        scored_at=128,
    ),
    "opened-detail": replace(
        _DETAILED,
        name="opened-detail",
        finetune=(Phase("going on, 192 px", "conv1", epochs=6, learning_rate=1e-4, size=192),),
    ),
    # All of it on crops that keep their detail, from ImageNet on: pneumoscope train --recipe detail
    #                                                             (docs/evidence/ablations.md: not looked at)
    "detail": replace(
        _DETAILED,
        name="detail",
        finetune=tuple(
            Phase(f"{size} px", "conv1", epochs, learning_rate=1e-4, size=size)
            for size, epochs in ((128, 4), (160, 3), (192, 4))
        ),
    ),
    # The same, for longer, and on films that have lost more: pneumoscope train --recipe robust; then four of
    # pneumoscope train --start ROBUST --recipe robust-longer, and pneumoscope average  (docs/evidence/ has the result)
    "robust": replace(
        _ROBUST,
        name="robust",
        finetune=tuple(
            Phase(name, "conv1", epochs, learning_rate=1e-4, size=size)
            for name, size, epochs in (("128 px", 128, 10), ("192 px", 192, 8), ("192 px again", 192, 8))
        ),
    ),
    "robust-longer": replace(
        _ROBUST,
        name="robust-longer",
        scored_at=192,
        finetune=(Phase("going on, 192 px", "conv1", epochs=8, learning_rate=1e-4, size=192),),
    ),
    # With what lies around the lungs covered: pneumoscope train --start OPENED --recipe opened-covered
    "opened-covered": replace(
        _AT_ONCE,
        name="opened-covered",
        finetune=(Phase("going on, 160 px", "conv1", epochs=2, learning_rate=5e-5, size=160),),
        augmentation=_COVERED,
        scored_at=INPUT_SIZE,
    ),
    # The system that was asked for: the same two phases, all layers opened at a very low rate, films hardly changed.
    "asked-for": replace(
        _DEFAULT,
        name="asked-for",
        head=replace(_DEFAULT.head, size=224),
        finetune=(Phase("unfrozen", "conv1", epochs=3, learning_rate=1e-5, size=224),),
        ema=0.0,
        augmentation=Augmentation(crop_area=(0.9, 1.0), sharpness=0.0, tone=0.0),
        subtypes=False,
    ),
    # What not to do (docs/evidence/ holds what came of it): --recipe naive, at Adam's usual rate
    "naive": _naive("naive", 1e-3),
    # and ten times that: collapses in the first epoch, and the guard stops it
    "naive-high-rate": _naive("naive-high-rate", 1e-2),
}


def from_json(kept: dict[str, Any]) -> Recipe:
    """Read back what ``dataclasses.asdict`` and JSON made of a recipe, as in a run's config.json.

    Raises:
        TrainingError: something is missing, or unknown to this version.
    """
    try:
        augmentation = kept["augmentation"] | {"crop_area": tuple(kept["augmentation"]["crop_area"])}
        parts = {
            "head": Phase(**kept["head"]),
            "finetune": tuple(Phase(**phase) for phase in kept["finetune"]),
            "augmentation": Augmentation(**augmentation),
        }
        return Recipe(**kept | parts)
    except (KeyError, TypeError) as error:
        raise TrainingError(f"the run's recipe is not one of this version ({error}); train it anew") from error


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """A run's config.json with what later versions added to recipes, at its default, so that it compares with today's.

    A recipe that this version cannot read stays as it is.
    """
    try:
        return config | {"recipe": json.loads(json.dumps(asdict(from_json(config["recipe"]))))}
    except (KeyError, TrainingError):
        return config


def recipe(name: str) -> Recipe:
    """Look a recipe up by name.

    Raises:
        TrainingError: there is none of that name.
    """
    if name not in RECIPES:
        raise TrainingError(f"no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
