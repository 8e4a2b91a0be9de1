"""``pneumoscope site``: plan, validate, freeze, watch, shadow."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.cli.arguments import add_bundle, add_manifest, add_runtime, manifest_form, say, share, whole_number
from pneumoscope.errors import DataError
from pneumoscope.files import json_text, make_folder

if TYPE_CHECKING:
    from pneumoscope.assurance.site.results import Listed, ResultRow
    from pneumoscope.decision.site_profile import SiteProfile

HELP = "Does it work here? Plan, validate, freeze thresholds of your own, and watch them."

ALARM = 5
"""The exit code of an alarm, and of reports that do not say go."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the five actions and their options."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, words, declare, act in (
        ("plan", "how many labelled films a guarantee needs", _declare_plan, _plan),
        ("validate", "measure on your own labelled films; writes a page", _declare_validate, _validate),
        ("freeze", "make a site profile of a validation", _declare_freeze, _freeze),
        ("watch", "compare later results with the profile, without labels; 5 on an alarm", _declare_watch, _watch),
        ("shadow", "compare results with the readers' reports; 0 go, 5 not yet or no go", _declare_shadow, _shadow),
    ):
        action = actions.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        declare(action)
        action.set_defaults(action=act)


def run(options: argparse.Namespace) -> int:
    """Do what was asked: 0 done or go, 3 some films not assessed, 5 an alarm or no go."""
    code: int = options.action(options)
    return code


def _add_goal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recall",
        type=share(0.5),
        default=0.95,
        metavar="SHARE",
        help="of the pneumonias, so many must not be answered normal (default: %(default)s)",
    )
    parser.add_argument(
        "--confidence", type=share(0.5), default=0.95, metavar="SHARE", help="of that promise (default: %(default)s)"
    )


def _add_prevalence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prevalence",
        type=share(),
        metavar="SHARE",
        help="of pneumonia among the children you radiograph, within 0..1",
    )


def _add_page(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument(
        "--out", type=_page, required=required, metavar="FILE.html", help="the page; its JSON twin goes beside it"
    )


def _page(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise argparse.ArgumentTypeError(
            f"{text}: the page is HTML, so name it .html; the JSON twin takes the same name"
        )
    return path


def _declare_plan(parser: argparse.ArgumentParser) -> None:
    _add_goal(parser)
    _add_prevalence(parser)
    _add_page(parser, required=False)
    parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")


def _declare_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with NORMAL/ and PNEUMONIA/; or a CSV list: path, label, and patient, age, view, device if known",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for validation.html, validation.json, predictions.csv"
    )
    _add_prevalence(parser)
    add_manifest(parser)
    parser.add_argument("--site", type=Path, metavar="FILE", help="judge a site profile in place of the bundle's rule")
    add_bundle(parser)
    add_runtime(parser)
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="films screened at once (default: the usable cores)"
    )


def _declare_freeze(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("validation", type=Path, metavar="DIR", help="folder that `pneumoscope site validate` wrote")
    parser.add_argument("--name", required=True, help="of the site")
    parser.add_argument("--who", required=True, help="is responsible for the thresholds")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.json", help="the profile, a new file; its page goes beside it"
    )
    _add_goal(parser)
    parser.add_argument(
        "--specificity",
        type=share(),
        metavar="SHARE",
        help="of the normals, so many must not be answered pneumonia (default: keep the threshold that was validated)",
    )
    parser.add_argument(
        "--statement", default="", metavar="TEXT", help="the site's own words, such as the intended use"
    )
    go = parser.add_argument_group("what the readers' reports must show later", "frozen now, judged by `site shadow`")
    go.add_argument("--go-recall", type=share(), metavar="SHARE", help="default: --recall")
    go.add_argument("--go-specificity", type=share(), metavar="SHARE", help="default: what this validation shows")
    go.add_argument(
        "--go-not-assessed", type=share(), default=0.05, metavar="SHARE", help="at most so many (default: %(default)s)"
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS", help="JSON lines, CSV or Parquet of `pneumoscope screen`"
    )
    parser.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site profile")


def _declare_watch(parser: argparse.ArgumentParser) -> None:
    _add_results(parser)
    _add_page(parser)
    parser.add_argument(
        "--list",
        type=Path,
        metavar="FILE.csv",
        help="what is known of the films: path, source_sha256 or sop_instance_uid, with device or date (YYYY-MM-DD)",
    )
    parser.add_argument("--by", choices=("day", "week", "month"), default="week", help="default: %(default)s")


def _declare_shadow(parser: argparse.ArgumentParser) -> None:
    _add_results(parser)
    _add_page(parser)
    parser.add_argument(
        "--reports",
        type=Path,
        required=True,
        metavar="FILE.csv",
        help="path, source_sha256 or sop_instance_uid, with label (normal, pneumonia or empty) and patient if known",
    )


def _plan(options: argparse.Namespace) -> int:
    from pneumoscope.assurance.site import plan

    made = plan.plan(options.recall, options.confidence, options.prevalence)
    if options.out:
        from pneumoscope.assurance.site.pages import plan_page, write_page

        write_page(options.out, plan_page(made), made)
        sys.stderr.write(f"wrote {options.out}\n")
    if options.json:
        import msgspec

        sys.stdout.write(json_text(msgspec.to_builtins(made)))
    else:
        _show_plan(made)
    return 0


def _show_plan(made: Any) -> None:
    from rich import box
    from rich.table import Table

    from pneumoscope.assurance.site import plan
    from pneumoscope.screening.output.table import terminal

    console = terminal()

    def table(title: str, head: list[str], rows: list[list[str]]) -> None:
        drawn = Table(*head, title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for row in rows:
            drawn.add_row(*row)
        console.print(drawn)

    for sentence in plan.sentences(made):
        console.print(f"- {sentence}", highlight=False)
    console.print()
    table(
        f"Patients with pneumonia that prove a recall ({made.confidence:.0%} confidence)",
        ["recall at least", *(f"{misses} missed" for misses in plan.MISSES)],
        [[f"{float(least):.1%}", *map(str, counts)] for least, counts in made.needed.items()],
    )
    table(
        f"Specificity left below a rule-out threshold with recall at least {made.recall:.1%}, by AUC (binormal)",
        ["patients with pneumonia", "may be missed", *(f"AUC {auc}" for auc in plan.AUCS)],
        [
            [str(count), "prove nothing" if left is None else str(misses), *(f"{share:.2f}" for share in left or ())]
            for count, _, misses, left in made.left
        ]
        + [["without end", "", *(f"{share:.2f}" for share in made.best)]],
    )
    table(
        "Normal patients for a specificity whose exact 95% interval is so narrow",
        ["to either side", *(f"near {expected:.0%}" for expected in plan.SPECIFICITIES)],
        [[f"{float(width):.0%}", *map(str, counts)] for width, counts in made.normals.items()],
    )


def _validate(options: argparse.Namespace) -> int:
    from dataclasses import replace
    from hashlib import sha256

    from pneumoscope.assurance.site.films import write_predictions
    from pneumoscope.assurance.site.measuring import judge, measure, subject_of
    from pneumoscope.assurance.site.pages import validation_page, write_page
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.data.layout import load
    from pneumoscope.files import write_bytes
    from pneumoscope.screening.screener import Screener

    labelled = load(options.data, form=manifest_form(options), say=say)
    make_folder(options.out)  # say now that it cannot be, and not after an hour
    with (
        Screener(options.bundle, workers=options.workers, runtime=options.runtime, site=options.site) as screener,
        live_progress() as (progress, _),
    ):
        films = judge(screener, labelled, progress)
        subject = subject_of(screener)
    predictions = write_predictions(films).encode(errors="surrogateescape")
    made = measure(films, screener.rule, subject, options.data.name, options.prevalence)
    made = replace(made, predictions_sha256=sha256(predictions).hexdigest())
    write_bytes(options.out / "predictions.csv", predictions)
    page = options.out / "validation.html"
    write_page(page, validation_page(made, films), made)
    for claim in made.claims:
        sys.stdout.write(f"- {claim}\n")
    sys.stderr.write(f"wrote {page}\n")
    return 3 if made.counts.not_assessed else 0


def _freeze(options: argparse.Namespace) -> int:
    from pneumoscope.assurance.site.films import read_predictions
    from pneumoscope.assurance.site.freezing import Wishes, freeze, summary
    from pneumoscope.assurance.site.pages import profile_page
    from pneumoscope.assurance.site.validation import read_validation
    from pneumoscope.files import sha256, write_text

    if options.out.suffix.lower() != ".json":
        raise DataError(f"{options.out}: a profile is JSON, so name it .json; its page takes the same name")
    if options.out.exists():
        raise DataError(f"{options.out} exists, and a frozen profile is never written over: choose another name")
    made = read_validation(options.validation / "validation.json")
    predictions = options.validation / "predictions.csv"
    films = read_predictions(predictions)
    if sha256(predictions) != made.predictions_sha256:
        raise DataError(f"{predictions}: not the predictions that were validated; validate the films again")
    wishes = Wishes(
        site=options.name,
        who=options.who,
        recall=options.recall,
        specificity=options.specificity,
        confidence=options.confidence,
        statement=options.statement,
        go_recall=options.go_recall,
        go_specificity=options.go_specificity,
        go_not_assessed=options.go_not_assessed,
    )
    profile = freeze(made, films, wishes)
    profile.write(options.out)
    write_text(options.out.with_suffix(".html"), profile_page(profile))
    sys.stdout.write(f"{summary(profile)}\n")
    for sentence in profile.guarantees:
        sys.stdout.write(f"- {sentence}\n")
    sys.stdout.write(f"sha256 of {options.out}: {profile.sha256}\nWrite it into your own records.\n")
    return 0


def _watch(options: argparse.Namespace) -> int:
    from pneumoscope.assurance.site.pages import watch_page, write_page
    from pneumoscope.assurance.site.watching import watch

    profile, joined, _ = _joined(options, options.list)
    made = watch(joined, profile, options.by, listed=options.list is not None)
    write_page(options.out, watch_page(made, profile), made)
    for alarm in made.alarms:
        sys.stdout.write(f"ALARM {alarm}\n")
    sys.stdout.write(f"{made.films} films, {len(made.alarms)} alarms\n")
    sys.stderr.write(f"wrote {options.out}\n")
    return ALARM if made.alarms else 0


def _shadow(options: argparse.Namespace) -> int:
    from pneumoscope.assurance.site.pages import shadow_page, write_page
    from pneumoscope.assurance.site.shadowing import Verdict, shadow

    profile, joined, listed = _joined(options, options.reports)
    made = shadow(joined, len(listed), profile)
    write_page(options.out, shadow_page(made, profile), made)
    for row in made.criteria:
        more = f"; {row.missing} more are needed" if row.missing else ""
        sys.stdout.write(f"- {row.name}: {row.hits} of {row.trials}, asked {row.asked}: {row.verdict}{more}\n")
    sys.stdout.write(f"{made.verdict.upper()}: {made.reported} films with a report\n")
    sys.stderr.write(f"wrote {options.out}\n")
    return 0 if made.verdict is Verdict.GO else ALARM


def _joined(
    options: argparse.Namespace, path: Path | None
) -> "tuple[SiteProfile, list[tuple[ResultRow, Listed | None]], list[Listed]]":
    """The profile, the results, each with what the list says of it, and the list."""
    from pneumoscope.assurance.site.results import join, read_list, read_results
    from pneumoscope.decision.site_profile import read_profile

    profile = read_profile(options.site)
    listed = read_list(path) if path else []
    rows = read_results(options.results, profile)
    return profile, list(join(rows, listed, path.parent if path else Path())), listed
