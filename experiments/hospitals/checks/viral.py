"""Can the bundle tell viral from bacterial pneumonia? By source, on held-out films.

    python -m experiments.hospitals.checks.viral BUNDLE.onnx --lungs FOLDER --out RECORD.json

Only pneumonias of a known subtype count. Home and Cohen have both subtypes. Of Hannover, whose pneumonias are all of
COVID-19, the share is given that is called viral: more likely viral than bacterial.
"""

from typing import Any

import numpy as np

from experiments.hospitals.checks.options import parse_bundle
from experiments.hospitals.scoring import score_bundle
from experiments.hospitals.sources import held_out_films
from lab.machine import write_record
from pneumoscope.decision.labels import Subtype
from pneumoscope.decision.score import viral_share
from pneumoscope.evaluation.bootstrap import Resampling, estimates
from pneumoscope.evaluation.metrics import auc


def main() -> None:
    """Score, measure, write."""
    options = parse_bundle(__doc__)
    films = [film for film in held_out_films() if film.labelled.subtype]
    shares = viral_share(score_bundle(options.bundle, films, options.lungs)).astype(np.float64)
    viral = np.array([film.labelled.subtype is Subtype.VIRAL for film in films])
    sources = np.array([film.source for film in films])
    record: dict[str, Any] = {}
    for source in sorted(set(sources.tolist())):
        own = sources == source
        counts = {"viral": int((own & viral).sum()), "bacterial": int((own & ~viral).sum())}
        called = {"called_viral": {"viral": float((shares[own & viral] > 0.5).mean())}} if counts["viral"] else {}
        record[source] = counts | called
        if all(counts.values()):
            _, patients = np.unique(
                [f.labelled.patient for f, k in zip(films, own, strict=True) if k], return_inverse=True
            )
            statistic = {"auc": auc(shares[own], viral[own], ~viral[own])}
            found = estimates(statistic, patients, Resampling(count=1000))["auc"]
            record[source] |= {"auc": {"value": found.value, "low": found.low, "high": found.high}}
            record[source]["called_viral"]["bacterial"] = float((shares[own & ~viral] > 0.5).mean())
    write_record(options.out, record)
    print(record)


if __name__ == "__main__":
    main()
