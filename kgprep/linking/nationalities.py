"""What people say for "from that country", and the labels under which a graph may know the country.

Notable here: a few of these words have another meaning in lower case ("polish", "turkey"), so they count with a capital
only.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.linking.folding import fold_form

_KINDS = ("place", "other")


@dataclass(frozen=True)
class Nationality:
    """Labels of a country in order of preference, and words for what comes from there."""

    labels: tuple[str, ...]
    words: tuple[str, ...]


def _from(labels: str, words: str) -> Nationality:
    return Nationality(tuple(labels.split(", ")), tuple(words.split(", ")))


NATIONALITIES = (
    _from("United States, United States of America", "american"),
    _from("Argentina", "argentine, argentinian"),
    _from("Australia", "australian, aussie"),
    _from("Austria", "austrian"),
    _from("Belgium", "belgian"),
    _from("Brazil", "brazilian"),
    _from("United Kingdom, Great Britain", "british"),
    _from("Canada", "canadian"),
    _from("Chile", "chilean"),
    _from("China, People's Republic of China", "chinese"),
    _from("Colombia", "colombian"),
    _from("Cuba", "cuban"),
    _from("Czech Republic, Czechoslovakia", "czech"),
    _from("Denmark", "danish"),
    _from("Netherlands", "dutch"),
    _from("Egypt", "egyptian"),
    _from("England", "english"),
    _from("Finland", "finnish"),
    _from("France", "french"),
    _from("Germany", "german"),
    _from("Greece", "greek"),
    _from("Hungary", "hungarian"),
    _from("Iceland", "icelandic"),
    _from("India", "indian"),
    _from("Indonesia", "indonesian"),
    _from("Iran", "iranian"),
    _from("Ireland, Republic of Ireland", "irish"),
    _from("Israel", "israeli"),
    _from("Italy", "italian"),
    _from("Japan", "japanese"),
    _from("South Korea, Korea", "korean, south korean"),
    _from("Mexico", "mexican"),
    _from("New Zealand", "new zealander"),
    _from("Nigeria", "nigerian"),
    _from("Norway", "norwegian"),
    _from("Pakistan", "pakistani"),
    _from("Peru", "peruvian"),
    _from("Philippines", "filipino"),
    _from("Poland", "polish"),
    _from("Portugal", "portuguese"),
    _from("Romania", "romanian"),
    _from("Russia, Soviet Union", "russian"),
    _from("Scotland", "scottish"),
    _from("South Africa", "south african"),
    _from("Spain", "spanish"),
    _from("Sweden", "swedish"),
    _from("Switzerland", "swiss"),
    _from("Taiwan", "taiwanese"),
    _from("Thailand", "thai"),
    _from("Turkey", "turkish"),
    _from("Ukraine", "ukrainian"),
    _from("Vietnam", "vietnamese"),
    _from("Wales", "welsh"),
)
CAPITAL_ONLY = frozenset(fold_form(word) for word in ("polish",))


def nationality_forms(entities: pl.DataFrame) -> pl.DataFrame:
    """Return the words for the nationalities of countries that a graph knows.

    Args:
        entities: entity_id, label, kind.

    Returns:
        form str (folded), entity_id i32.
    """
    labels = pl.DataFrame(
        [(number, rank, label) for number, each in enumerate(NATIONALITIES) for rank, label in enumerate(each.labels)],
        schema={"nationality": pl.Int32, "rank": pl.Int32, "label": pl.String},
        orient="row",
    )
    known = entities.filter(pl.col("kind").cast(pl.String).is_in(_KINDS)).select("entity_id", "label")
    chosen = labels.join(known, on="label").sort("nationality", "rank", "entity_id").unique("nationality", keep="first")
    words = pl.DataFrame(
        [(number, fold_form(word)) for number, each in enumerate(NATIONALITIES) for word in each.words],
        schema={"nationality": pl.Int32, "form": pl.String},
        orient="row",
    )
    return words.join(chosen, on="nationality").select("form", "entity_id").sort("form", "entity_id")
