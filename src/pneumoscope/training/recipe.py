"""What a training run does, as data."""

from dataclasses import dataclass, field

from pneumoscope.imaging import INPUT_SIZE


@dataclass(frozen=True)
class Phase:
    """One stretch of training with one setting.

    Attributes:
        name: shown in the history and the figures.
        trainable_from: first trainable stage (see pneumoscope.network.resnet.STAGES).
        epochs: passes over the training radiographs, at least 1.
        learning_rate: peak of the warm-up and cosine schedule.
        size: side of the training crops, in pixels.
    """

    name: str
    trainable_from: str
    epochs: int
    learning_rate: float
    size: int


@dataclass(frozen=True)
class Averaging:
    """Several networks that go on from the same weights, each on its own; the average of their weights is kept.

    Networks fine-tuned from the same weights lie in one basin, and the average of their weights often generalises
    better than each, at the cost of one (Wortsman et al. 2022, "Model soups", arXiv:2203.05482, section 2).

    Attributes:
        members: how many networks, at least 2. They differ in the order and the augmentation of the radiographs.
        phases: what each of them goes through.
    """

    members: int
    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class Augmentation:
    """How far a training radiograph may be changed.

    Attributes:
        crop_area: smallest and largest share of the area that a crop keeps, 0..1.
        sharpness: share of the radiographs that are blurred, sharpened, shrunk, re-encoded or made noisy, 0..1.
        degradation: how far that goes: factor on the widest blur and the loudest noise, divisor of the
            smallest size and the lowest quality.
        tone: 1 for the full range of gamma, contrast and brightness, 0 to leave them.
        collimated: share of the radiographs whose borders are blanked, as a collimator or a careless export does, 0..1.
        disguised: chance of each change that hides the hospital (pneumoscope.training.radiographs.disguise), 0..1.
    """

    crop_area: tuple[float, float] = (0.2, 1.0)
    sharpness: float = 0.7
    tone: float = 1.0
    degradation: float = 1.0
    collimated: float = 0.0
    disguised: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything but the radiographs and the seed.

    Attributes:
        name: of the recipe.
        finetuning: phases on augmented radiographs.
        head: a phase before them in which the backbone is frozen; None for none. The backbone's features of the plain
            radiographs are computed once and the head is fitted to them, which is the same optimisation as running the
            frozen backbone again in every epoch.
        averaging: what follows on fine-tuning; None keeps its weights as they are.
        batch: radiographs per step.
        weight_decay: of AdamW, decoupled (Loshchilov and Hutter 2019).
        augmentation: how far the radiographs are changed in fine-tuning.
        subtypes: teach bacterial against viral too; without, every pneumonia counts as one of unknown subtype.
        batchnorm: train BatchNormalization too, on batch statistics.
        limit: most radiographs used per split and class; None for all.
        inference_size: side, in pixels, at which the finished network reads radiographs. One trained on small crops
            misreads those of INPUT_SIZE.
        threshold: on the probability, of a system whose threshold was fixed before; None lets the rule choose one.
        crop_source_size: side, in pixels, of the radiographs that training crops are cut from. Above INPUT_SIZE, narrow
            crops of larger files keep detail; files of INPUT_SIZE are only enlarged.
        distilled: source whose training radiographs are taught by the network that the run starts from too (see
            pneumoscope.training.loop.teacher), so that it is not forgotten while others are learnt; None for none.
    """

    name: str
    finetuning: tuple[Phase, ...]
    head: Phase | None = None
    averaging: Averaging | None = None
    batch: int = 32
    weight_decay: float = 0.02
    augmentation: Augmentation = field(default_factory=Augmentation)
    subtypes: bool = True
    batchnorm: bool = False
    limit: int | None = None
    inference_size: int = INPUT_SIZE
    threshold: float | None = None
    crop_source_size: int = INPUT_SIZE
    distilled: str | None = None

    @property
    def branches(self) -> tuple[tuple[Phase, ...], ...]:
        """The phases of the shared network, then those of every member that goes on from it."""
        if self.averaging is None:
            return (self.finetuning,)
        return (self.finetuning, *(self.averaging.phases,) * self.averaging.members)
