"""The pages of ``pneumoscope site``, each with the numbers behind it as a JSON twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from pneumoscope._version import __version__
from pneumoscope.assurance.site import charts, plan
from pneumoscope.assurance.site.claims import goal_text, share_text
from pneumoscope.assurance.site.films import JudgedFilm, JudgedFilms
from pneumoscope.assurance.site.measuring import wrong_answers
from pneumoscope.assurance.site.shadowing import Shadow
from pneumoscope.assurance.site.stard import items
from pneumoscope.assurance.site.validation import Validation
from pneumoscope.assurance.site.watching import RATES, Group, Watch
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError
from pneumoscope.evaluation.report.gallery import preview_uri
from pneumoscope.evaluation.report.wording import number
from pneumoscope.files import write_json, write_text
from pneumoscope.pages import environment
from pneumoscope.screening.output.summary import probability_text

SHOWN = 12
"""Films of each kind of error on a page."""


def write_page(path: Path, page: str, twin: Any) -> None:
    """Write a page, and beside it the JSON that it was made from.

    Raises:
        DataError: they cannot be written.
    """
    try:
        write_text(path, page)
        write_json(path.with_suffix(".json"), msgspec.to_builtins(twin))
    except OSError as problem:
        raise DataError(f"{path}: cannot be written ({problem.strerror}); choose another place") from problem


def plan_page(made: plan.Plan) -> str:
    """The page of a plan."""
    return _render("plan.html.j2", made=made, said=plan.sentences(made), plan=plan)


def _picture_of(film: JudgedFilm) -> str | None:
    return preview_uri(Path(film.source))


def validation_page(
    made: Validation, films: JudgedFilms, picture_of: Callable[[JudgedFilm], str | None] = _picture_of
) -> str:
    """The page of a validation. It shows films, so it stays where the films may be.

    Args:
        made: what was measured.
        films: with their answers.
        picture_of: gives the picture of a film as a data URI, or None; without it, the file at ``source`` is read.
    """

    def exhibit(film: JudgedFilm) -> dict[str, Any]:
        return {"film": film, "name": Path(film.source).name, "picture": picture_of(film)}

    missed, alarms = wrong_answers(films, made.rule)
    point = made.rule.operating_point()
    lines = [(point.threshold, f"pneumonia from {threshold_text(point.threshold)}")]
    if (normal_below := made.rule.normal_below(point)) < point.threshold:
        lines.insert(0, (normal_below, f"normal below {threshold_text(normal_below)}"))
    return _render(
        "validation.html.j2",
        made=made,
        scores=charts.scores(films.probability, films.positive, lines),
        trade_off=charts.trade_off(films.probability, films.positive, lines),
        wrong=[
            ("Pneumonias that were not called pneumonia", len(missed), [exhibit(film) for film in missed[:SHOWN]]),
            ("False alarms", len(alarms), [exhibit(film) for film in alarms[:SHOWN]]),
        ],
        stard=items(made),
        expected=made.counts.pneumonia / made.counts.films,
    )


def profile_page(profile: SiteProfile) -> str:
    """The page of a profile, to be printed and signed."""
    return _render("profile.html.j2", profile=profile, labels=list(profile.reference.answers))


def watch_page(made: Watch, profile: SiteProfile) -> str:
    """The page of a watch."""
    return _render(
        "watch.html.j2",
        made=made,
        profile=profile,
        rates=RATES,
        charts={kind: _control(kind, made.periods) for kind in RATES},
        scores=charts.tenths(made.scores.expected, made.scores.seen) if made.scores else None,
    )


def shadow_page(made: Shadow, profile: SiteProfile) -> str:
    """The page of a comparison with the readers' reports."""
    return _render("shadow.html.j2", made=made, profile=profile)


def _control(kind: str, periods: tuple[Group, ...]) -> Any:
    points = []
    for group in periods:
        point = group.rates[kind]
        total = max(point.total, 1)
        points.append(charts.Plotted(group.name, point.share, point.low / total, point.high / total, point.outside))
    return charts.control(f"Films {RATES[kind]}", points, periods[0].rates[kind].mean)


def _render(name: str, **values: Any) -> str:
    pages = environment("pneumoscope.assurance.site")
    pages.filters |= {
        "threshold": threshold_text,
        "probability": probability_text,
        "share": lambda value: "-" if value is None else share_text(value),
        "goal": goal_text,
        "number": number,
    }
    return pages.get_template(name).render(**values, version=__version__)
