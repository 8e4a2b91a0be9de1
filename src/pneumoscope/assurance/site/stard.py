"""The reporting items of STARD 2015, and the topics that STARD-AI adds: filled where the numbers fill them.

Numbers and items are those of STARD 2015 (Bossuyt et al., doi:10.1136/bmj.h5527), in our words. STARD-AI (Sounderajah
et al. 2025, doi:10.1038/s41591-025-03953-8) has 40 items, of which 18 are new or changed. Its text was not at hand, so
its topics stand here without its numbers. The originals hold.
"""

from dataclasses import dataclass

from pneumoscope.assurance.site.validation import Validation
from pneumoscope.decision.operating_point import threshold_text

BY_SITE = "to be filled by the site"


@dataclass(frozen=True)
class Item:
    """One item of the list.

    Attributes:
        number: of STARD 2015; "AI" for a topic of STARD-AI.
        asks: for what.
        answer: what this validation says; None where only the site can say it.
    """

    number: str
    asks: str
    answer: str | None = None


def items(made: Validation) -> list[Item]:
    """The list for one validation."""
    return [*_methods(made), *_results(made), *_topics(made)]


def _methods(made: Validation) -> list[Item]:
    subject, rule = made.subject, made.rule
    points = "; ".join(f"{point.name} from {threshold_text(point.threshold)}" for point in rule.operating_points)
    cut = f"Pneumonia: {points}." + (f" Normal below {threshold_text(rule.rule_out)}." if rule.rule_out else "")
    return [
        Item("1", "named as a study of diagnostic accuracy", "Accuracy of a screening model on a site's own films."),
        Item("2", "structured summary"),
        Item("3", "background, intended use and role of the test", f"The model's use: {subject.intended_use}"),
        Item("4", "objectives and hypotheses"),
        Item("5", "prospective or retrospective"),
        Item("6", "eligibility of participants"),
        Item("7", "how participants were found"),
        Item("8", "setting, place and dates"),
        Item("9", "consecutive, random or convenience series"),
        Item(
            "10a",
            "index test, to be repeated",
            f"{subject.name} {subject.version}, bundle {subject.sha256}, pneumoscope {made.package_version}, "
            f"{subject.runtime}.",
        ),
        Item("10b", "reference standard, to be repeated"),
        Item("11", "why that reference standard"),
        Item("12a", "cut-offs of the index test, fixed before or not", f"{cut} Fixed before this measurement."),
        Item("12b", "cut-offs of the reference standard"),
        Item("13a", "what readers of the index test knew", "The model sees the pixels of one film, and no label."),
        Item("13b", "what readers of the reference standard knew"),
        Item(
            "14",
            "how accuracy was estimated",
            "Counts, recall, specificity, AUC; intervals by resampling patients, claims by exact binomial bounds.",
        ),
        Item("15", "indeterminate results", "“Uncertain” is an answer of its own, counted beside the other two."),
        Item("16", "missing data", "Films that were refused are counted by reason and group, and in no accuracy."),
        Item("17", "variability, fixed before or explored", "By age band, view and device; explored."),
        Item("18", "intended sample size and how it was found"),
    ]


def _results(made: Validation) -> list[Item]:
    counts = made.counts
    ages = ", ".join(f"{row.name}: {row.pneumonia + row.normal}" for row in made.groups["age"])
    return [
        Item(
            "19",
            "flow of participants",
            f"Films: {counts.films + counts.not_assessed + counts.copies}; spare copies left out: {counts.copies}; "
            f"not assessed: {counts.not_assessed}; assessed: {counts.films}. Who was not radiographed: {BY_SITE}.",
        ),
        Item("20", "who the participants were", f"Age: {ages}. The rest: {BY_SITE}."),
        Item("21a", "severity in those with the condition"),
        Item("21b", "other diagnoses in those without"),
        Item("22", "time between the two tests"),
        Item("23", "cross table", "The table of answers by label."),
        Item("24", "accuracy and its precision", "The tables of thresholds and groups."),
        Item("25", "adverse events"),
        Item("26", "limits of the study", f"Some stand at the end of this page. The rest: {BY_SITE}."),
        Item("27", "what it means for practice", f"The claims on this page. The rest: {BY_SITE}."),
        Item("28", "registration"),
        Item("29", "protocol"),
        Item("30", "funding"),
    ]


def _topics(made: Validation) -> list[Item]:
    return [
        Item("AI", "origin of the data set, and how it relates to the training films", f"Films: {made.data}."),
        Item("AI", "which films were used", f"Set of films {made.films_sha256}."),
        Item("AI", "preprocessing", "One function for training and screening; the bundle's card describes it."),
        Item("AI", "version, and whether the model learns on", "Frozen: the hash names weights and thresholds."),
        Item("AI", "bias and fairness", f"Age, view and device are on this page. Sex, origin, others: {BY_SITE}."),
        Item("AI", "who uses the answer, and how it changes the work"),
        Item("AI", "conflicts of interest, access to code and data"),
    ]
