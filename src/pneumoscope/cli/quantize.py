"""``pneumoscope quantize``."""

import argparse
from pathlib import Path

HELP = "Make a bundle of 8-bit integers from one of floats: half the size, and faster."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="films to measure activations on, as for train: its validation and test films are left out",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle to write")
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="another float bundle than the one installed")
    parser.add_argument("--films", type=int, default=256, help="how many films to measure on (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Quantize."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.errors import DataError, MissingExtraError

    try:
        import numpy as np

        from pneumoscope.network.quantize import quantize
    except ImportError as error:
        raise MissingExtraError("Quantizing", "train") from error
    from pneumoscope.bundle.card import RELEASED
    from pneumoscope.data.layout import fingerprint, load, sha256
    from pneumoscope.data.splits import divided
    from pneumoscope.imaging import read, to_input

    available = {digest: film for digest, film in divided(load(options.data)).items() if film.split == "train"}
    if not 0 < options.films <= len(available):
        raise DataError(f"{options.data}: {len(available)} training films; --films asks for {options.films}.")
    if not options.out.absolute().parent.is_dir():
        raise DataError(f"{options.out}: the folder {options.out.absolute().parent} does not exist; make it first.")
    bundle = options.bundle or RELEASED
    order = np.random.default_rng(0).permutation(len(available))[: options.films]
    digests = sorted(available)
    chosen = {digests[i]: available[digests[i]] for i in order}
    with live_progress() as (progress, say):
        pixels = np.stack([to_input(read(film.path)) for film in chosen.values()])
        source = {"from": sha256(bundle), "fingerprint": fingerprint(chosen)}
        quantize(bundle, pixels, options.out, source, progress)
        say(f"wrote {options.out}\nnext: pneumoscope evaluate --bundle {options.out} --data FILMS")
    return 0
