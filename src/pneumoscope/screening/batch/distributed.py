"""A large screening on a Ray cluster: exactly one result per film, whatever is killed on the way.

Ray Data maps a pool of actors over the numbers of the parts. Ray restarts an actor that died and tries its part again;
what a part left is one file under its own name, so a second try replaces it and a second call passes it over. Films'
pixels and names never travel through Ray.
"""

import logging
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.ray_cluster import ray_cluster
from pneumoscope.errors import DataError
from pneumoscope.screening.batch.job import Job, JobStore, fingerprint
from pneumoscope.screening.batch.parts import PartScreener
from pneumoscope.screening.output.summary import Counts
from pneumoscope.screening.screener import Screener
from pneumoscope.screening.sources.listing import ListedFilm, is_uri

if TYPE_CHECKING:
    import ray.data

PARTS, SMALLEST, LARGEST = 64, 16, 500
"""A list is cut into 64 parts, so that all cores get some, but of 16 films at least, because a file for each is waste,
and of 500 at most: about a minute of one core, which is what a killed worker loses."""

TRIES = 3
"""How often a part is tried again after its worker died: one film that crashes a decoder must not hold the others."""

_MOST_LOST = 10
"""How many parts may fail before the screening stops: a fault of all, such as a full disk, must not try each."""

_DIED = "Workers died again and again, as of too little memory or of a film that crashes its decoder."

_FLAT = {"MALLOC_ARENA_MAX": "1"}
"""With glibc's default, threads come and go among many heaps that each keep what its largest film once took."""

_MOST_BLOCKS = 10_000
"""Ray's driver keeps some memory for every block; above this number a block is several parts."""


@dataclass(frozen=True)
class BatchOptions:
    """What to screen with.

    Attributes:
        out: folder or URI for the results, which every worker must reach.
        bundle: the bundle file; None for the one inside the package.
        operating_point: see ``Screener.operating_point``.
        runtime: one of ``runtime.opening.RUNTIMES``.
        site: the file of a site profile; None for none.
        prevalence: see ``Screener``; None for that of the calibration.
        part_size: films in a part; None for what suits their number.
    """

    out: str
    bundle: Path | None = None
    operating_point: str | float | None = None
    runtime: str = "auto"
    site: Path | None = None
    prevalence: float | None = None
    part_size: int | None = None


class DistributedScreening:
    """One screening of many films. Making it writes the job to its folder, or finds it there; ``run`` does it.

    Attributes:
        job: what is screened with what.
        model: which model it is.
        site: the name of the site whose profile is used; None without one.
    """

    def __init__(self, films: Sequence[ListedFilm], options: BatchOptions) -> None:
        """Begin, or go on.

        Args:
            films: see ``listing.list_films``.
            options: what to screen with.

        Raises:
            BundleError: when the bundle cannot be used.
            DataError: when the operating point is unknown, the site profile cannot be used, or the folder holds another
                job or cannot be written.
        """
        screener = Screener(
            options.bundle, workers=1, runtime=options.runtime, site=options.site, prevalence=options.prevalence
        )
        point = screener.operating_point(options.operating_point)
        self.model = screener.model
        self.site = screener.site.site if screener.site else None
        self.job = Job(
            films=len(films),
            films_sha256=fingerprint(films),
            part_size=options.part_size or min(max(-(-len(films) // PARTS), SMALLEST), LARGEST),
            model_sha256=self.model.sha256,
            operating_point=point.name,
            threshold=point.threshold,
            runtime=options.runtime,
            site_profile_sha256=screener.site.sha256 if screener.site else None,
            prevalence=options.prevalence,
        )
        self._bundle = options.bundle and options.bundle.absolute()
        self._site = options.site and options.site.absolute()
        self._folder = JobStore(options.out if is_uri(options.out) else str(Path(options.out).absolute()))
        self._folder.begin(self.job, films)

    def run(self, address: str | None = None, workers: int | None = None) -> Iterator[Counts]:
        """Screen what is not screened yet.

        Args:
            address: of a running Ray cluster; None for one on this machine that lives as long as this call.
            workers: how many actors, of one core each; None for all cores of the cluster.

        Yields:
            The counts so far: first of what was there already, then after every part.

        Raises:
            MissingExtraError: when Ray is not installed.
            DataError: when the cluster cannot be used, or parts could not be finished.
        """
        done = self._folder.finished(self.job)
        total = sum(done.values(), Counts())
        yield total
        missing = [part for part in range(self.job.parts) if part not in done]
        if not missing:
            return
        with ray_cluster(address, workers or usable_cores()) as cpus:
            problems: list[str] = []
            try:
                for row in self._rows(missing, min(workers or cpus, len(missing))):
                    problems += filter(None, [row.pop("problem")])
                    total += Counts(**row)
                    yield total
                    if len(problems) > _MOST_LOST:
                        break
            except BaseException as stopped:
                # An interrupt keeps Ray's iterators alive by its traceback. They must end while there is a cluster:
                # later they would start another one.
                traceback.clear_frames(stopped.__traceback__)
                raise
        if total.total < self.job.films:
            raise DataError(
                f"{self.job.films - total.total} of {self.job.films} films have no result yet. "
                f"{problems[-1] if problems else _DIED} The same command tries them again."
            )

    def _rows(self, missing: list[int], workers: int) -> Iterator[dict[str, Any]]:
        import ray

        try:
            yield from self._dataset(missing, workers).iter_rows()
        except ray.exceptions.RayError as problem:
            raise DataError(f"The screening stopped ({type(problem).__name__}). {_DIED}") from problem

    def _dataset(self, missing: list[int], workers: int) -> "ray.data.Dataset":
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what matters comes back as an exception
        context = ray.data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.max_errored_blocks = _MOST_LOST
        context.max_consecutive_actor_init_deaths = TRIES
        with ray.data.DataContext.current(context), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of max_task_retries, which has no other name yet
            blocks = min(len(missing), _MOST_BLOCKS)
            parts = ray.data.from_items([{"part": part} for part in missing], override_num_blocks=blocks)
            return parts.map_batches(
                PartScreener,
                fn_constructor_args=(self._folder, self.job, self._bundle, self._site, Path.cwd()),
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1),
                num_cpus=1,
                runtime_env={"env_vars": _FLAT},
                max_restarts=-1,
                max_task_retries=TRIES,
            )
