import re
from dataclasses import replace

from scipy.stats import beta
from sites import RULE, judged_film, make_films, make_validation

from pneumoscope.assurance.site.claims import claims, goal_text
from pneumoscope.assurance.site.films import JudgedFilms
from pneumoscope.decision.labels import Label
from pneumoscope.evaluation.bootstrap import Estimate


def test_bounds_in_the_sentences_are_clopper_and_pearsons() -> None:
    films = make_films()
    found, total = int((films.probability[films.positive] >= 0.8).sum()), 120
    said = " ".join(make_validation(films).claims)
    assert f"{found} of {total} patients with pneumonia are found" in said
    assert f"Recall is at least {100 * beta.ppf(0.05, found, total - found + 1):.1f}%" in said
    missed = total - found
    assert f"At most {100 * beta.ppf(0.95, missed + 1, found):.1f}% of such patients do" in said


def test_a_thousand_children_add_up() -> None:
    rule = replace(RULE, rule_out=0.3)
    films = make_films()
    sentence = next(text for text in claims(films, rule, 0.2, Estimate(0.98, 0.97, 0.99)) if "1,000" in text)
    alerts, right, uncertain, normal, missed = map(int, re.findall(r"\b\d+\b", sentence.split(":")[1]))
    assert abs(alerts + uncertain + normal - 1000) <= 1
    assert right <= 200
    assert missed <= normal


def test_what_is_not_shown_says_how_many_are_missing() -> None:
    few = JudgedFilms.of(
        [judged_film(n, Label.PNEUMONIA, 3.0) for n in range(40)]
        + [judged_film(100 + n, Label.NORMAL, -3.0) for n in range(40)]
    )
    said = " ".join(claims(few, RULE, 0.2, Estimate(1.0, None, None)))
    assert "Not shown" in said
    assert "would take 59 patients with pneumonia; there are 40" in said
    enough = JudgedFilms.of(
        [judged_film(n, Label.PNEUMONIA, 3.0) for n in range(59)] + [judged_film(100, Label.NORMAL, -3.0)]
    )
    assert "is shown" in " ".join(claims(enough, RULE, 0.2, Estimate(1.0, None, None)))


def test_small_and_unknown_groups_are_named() -> None:
    films = [replace(film, view="AP" if n < 10 else "PA") for n, film in enumerate(make_films().films)]
    said = " ".join(claims(JudgedFilms(tuple(films)), RULE, 0.2, Estimate(0.6, 0.5, 0.7)))
    assert "by view: AP (10 and 0)" in said
    assert "PA (" not in said
    assert "Not known, and so not judged: the age of 270 films, the device of 270 films." in said
    assert "no threshold can mend it" in said


def test_goals_are_written_as_they_were_asked() -> None:
    assert [goal_text(share) for share in (0.95, 0.975, 0.9)] == ["95%", "97.5%", "90%"]
