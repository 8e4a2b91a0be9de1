"""``pneumoscope quantize``."""

import argparse
from pathlib import Path

from pneumoscope.cli.arguments import add_manifest, manifest_form, say

HELP = "Make an int8 bundle from a float bundle: half the size, and faster."


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
    parser.add_argument(
        "--films", type=int, default=256, metavar="N", help="how many films to measure on (default: %(default)s)"
    )
    add_manifest(parser)


def run(options: argparse.Namespace) -> int:
    """Quantize."""
    import numpy as np

    from pneumoscope.assurance.selftest import write_selftest
    from pneumoscope.bundle.card import RELEASED
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.data.layout import fingerprint, load
    from pneumoscope.data.splits import divided
    from pneumoscope.errors import DataError
    from pneumoscope.extras import needed
    from pneumoscope.files import sha256
    from pneumoscope.imaging import read, to_input

    with needed("Quantizing", "train"):
        from pneumoscope.network.quantize import quantize

    films = load(options.data, form=manifest_form(options), say=say)
    train = {digest: labelled for digest, labelled in divided(films).items() if labelled.split == "train"}
    if not 0 < options.films <= len(train):
        raise DataError(f"{options.data}: {len(train)} training films; --films asks for {options.films}.")
    if not options.out.absolute().parent.is_dir():
        raise DataError(f"{options.out}: the folder {options.out.absolute().parent} does not exist; make it first.")
    bundle = options.bundle or RELEASED
    digests = sorted(train)
    chosen = [digests[i] for i in np.random.default_rng(0).permutation(len(digests))[: options.films]]
    with live_progress() as (progress, tell):
        pixels = np.stack([to_input(read(train[digest].path)) for digest in chosen])
        source = {"from": sha256(bundle), "fingerprint": fingerprint(chosen)}
        quantize(bundle, pixels, options.out, source, progress)
        write_selftest(options.out)
        tell(f"wrote {options.out}\nnext: pneumoscope evaluate --bundle {options.out} --data FILMS")
    return 0
