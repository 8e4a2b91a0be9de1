"""Training films with a burnt-in mark that films of one class alone bear.

Such a mark stands for a device or a desk, and a network learns it in place of the disease
(:mod:`pneumoscope.data.audit.confounding`). The data audit finds the marks; films that bear one teach nothing here.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pneumoscope.compute.cores import usable_cores
from pneumoscope.data.audit.confounding import confounded
from pneumoscope.data.audit.marks import Marks, find_marks, group_marks
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.imaging import read, to_input


def without_telling_marks(films: Sequence[LabelledRadiograph]) -> list[LabelledRadiograph]:
    """The films without those of training that bear a mark of one class; held-out films stay.

    Films of one hospital; a mark tells the class by the training films that bear it.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        marks = list(pool.map(_marks, films))
    learned = [film.split == "train" for film in films]
    telling = {row for found in confounded(group_marks(marks), films, learned) for row in found.group.rows}
    return [film for row, film in enumerate(films) if not (learned[row] and row in telling)]


def _marks(film: LabelledRadiograph) -> Marks:
    return find_marks(to_input(read(film.path)))
