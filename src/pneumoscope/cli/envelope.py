"""``pneumoscope envelope``."""

import argparse
import sys
from pathlib import Path

HELP = "Teach a bundle which pictures it may judge: fit its envelope to radiographs and to other pictures."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the float bundle")
    parser.add_argument(
        "--data", type=Path, required=True, help="the films that its network was trained on, as for train"
    )
    parser.add_argument(
        "--radiographs",
        type=Path,
        required=True,
        metavar="CSV",
        help="frontal chest films of other hospitals: columns path, source, patient, view, age",
    )
    parser.add_argument(
        "--without", nargs="*", default=(), metavar="SOURCE", help="sources of --radiographs that are no whole films"
    )
    parser.add_argument(
        "--same", nargs="*", default=(), metavar="SOURCE", help="sources of --radiographs that are one hospital"
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        required=True,
        metavar="CSV",
        help="pictures that are no frontal chest film: columns file, kind, detail, source",
    )
    parser.add_argument(
        "--masks",
        nargs=2,
        action="append",
        type=Path,
        required=True,
        metavar=("CSV", "FILMS"),
        help="lungs drawn by people: a table of film and mask, and the folder of the films; may be repeated",
    )
    parser.add_argument("--model-version", required=True, help="of the bundle that is written")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="what has been measured; a second run goes on"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle to write")
    parser.add_argument("--record", type=Path, metavar="JSON", help="what the envelope did out of fold")


def run(options: argparse.Namespace) -> int:
    """Fit and write."""
    from pneumoscope.assurance.selftest import write_selftest
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.data.layout import load
    from pneumoscope.extras import needed
    from pneumoscope.files import sha256, write_json

    with needed("Fitting an envelope", "train"):
        from pneumoscope.network.envelope import write_envelope
        from pneumoscope.network.features import Features
        from pneumoscope.release.envelope.build import build_card, fit_envelope, measure, record, work_folder
    from pneumoscope.release.envelope.examples import list_home, list_pictures, list_radiographs, make_examples
    from pneumoscope.release.envelope.lungs import list_masked

    pictures = list_home(film for film in load(options.data) if film.split != "test")
    pictures += list_radiographs(options.radiographs, options.without)
    pictures += list_pictures(options.pictures)
    masked = [one for table, films in options.masks for one in list_masked(table, films)]
    digest = sha256(options.bundle)
    work = work_folder(options.work, digest)
    with live_progress() as (progress, say):
        network = Features(options.bundle)
        table = measure(list(make_examples(pictures)), network, work, progress)
        fitted = fit_envelope(table, masked, options.same, network, progress)
        card = build_card(network.card, fitted.envelope, options.model_version)
        write_envelope(options.bundle, fitted.head, card, options.out)
        write_selftest(options.out)
        if options.record:
            write_json(options.record, record(fitted, table, digest))
        say(f"wrote {options.out}")
    for name, (refused, count) in sorted(fitted.refused.items(), key=lambda row: -row[1][0] / row[1][1]):
        sys.stdout.write(f"refused {refused:4} of {count:5} upright   {name}\n")
    for name, (passed, count) in sorted(fitted.passed.items(), key=lambda row: -row[1][0] / row[1][1]):
        sys.stdout.write(f"passed  {passed:4} of {count:5}   {name}\n")
    return 0
