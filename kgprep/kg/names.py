"""Names of works and people as polars expressions: qualifiers in labels, and keys under which titles are compared.

Notable here:
- a label's last bracket is a qualifier only if it holds a year or a word for a kind of thing, so that titles which
  themselves end in a bracket stay whole;
- titles are compared under keys of falling strictness: `title_key`, then `loose_key`.
"""

from __future__ import annotations

import polars as pl

from kgprep.kg.escapes import decode_percent

_KIND_WORDS: dict[str, str] = {
    "series": r"(?:tv|television|web|film|anime|radio) (?:mini-?)?series|series|mini-?series|miniseries|sitcom|serial"
    r"|tv (?:show|programme|program|drama)|television (?:show|programme|program|drama)|franchise|telenovela",
    "work": r"(?:video|board|computer|arcade) games?|game|soundtracks?|album|ep|song|single|score|musical|novels?"
    r"|novella|books?|book series|comics?|comic book|manga|light novel|short story|story|play|opera|ballet|magazine"
    r"|newspaper|episode|poem|journal|mixtape|podcast|painting|film score",
    "film": r"films?|movie|documentary|feature|short film|sequel|music video|special",
    "person": r"actor|actress|film ?maker|director|producer|screenwriter|writer|musician|singer|composer|comedian"
    r"|author|rapper|cinematographer|editor|entertainer|presenter|journalist|novelist|playwright|wrestler|guitarist"
    r"|drummer|animator|politician|footballer|artist|dancer|model|boxer|dj|songwriter|cartoonist|performer"
    r"|voice actor|film director|film producer|film editor|record producer|television personality|businessman",
    "organisation": r"bands?|group|company|studio|network|tv channel|channel|record label|label|production company"
    r"|film studio|duo|publisher|corporation|organization|newspaper company|distributor|tv network|television network",
    "place": r"city|state|country|u\.s\. state|town|village|county|province|island|region|district",
    "genre": r"genre|music genre|music|film genre",
    "other": r"character|mythology|disambiguation|comics character|language|ship|aircraft|animal|god",
}
_YEAR = r"(?:18[89]|19[0-9]|20[0-9])[0-9]"
_BRACKET = r"^(?P<title>.*\S)\s*[(（](?P<qualifier>[^()（）]*)[)）]$"
_ANY_KIND = "|".join(_KIND_WORDS.values())
_IS_QUALIFIER = rf"(?i)^(?:{_YEAR}|.*\b(?:{_ANY_KIND}))(?:\s+part \d+)?$|\b{_YEAR}\b.*\b(?:{_ANY_KIND})\b"


def parse_label(column: str) -> pl.Expr:
    """Split a label into a struct of title, year (i16) and qualifier (lower-cased, null where there is none).

    ``It (2017 film)`` gives ``It``, 2017, ``2017 film``.

    Args:
        column: name of the column with labels.
    """
    label = pl.col(column).str.strip_chars()
    groups = label.str.extract_groups(_BRACKET)
    bracket = groups.struct.field("qualifier")
    is_qualifier = bracket.str.contains(_IS_QUALIFIER).fill_null(False)
    qualifier = pl.when(is_qualifier).then(bracket.str.to_lowercase())
    return pl.struct(
        pl.when(is_qualifier).then(groups.struct.field("title")).otherwise(label).alias("title"),
        qualifier.str.extract(rf"\b({_YEAR})\b").cast(pl.Int16).alias("year"),
        qualifier.alias("qualifier"),
    )


def qualifier_kind(qualifier: pl.Expr) -> pl.Expr:
    """Name the kind of entity that a qualifier speaks of, null where it does not say.

    The kind is read from the qualifier's end: ``2005 film soundtrack`` is a work, ``TV film`` a film.

    Args:
        qualifier: lower-cased qualifiers, nulls allowed.
    """
    ends = [
        pl.when(qualifier.str.contains(rf"(?:^|[\s,/-])(?:{words})$")).then(pl.lit(kind))
        for kind, words in _KIND_WORDS.items()
    ]
    return pl.coalesce(ends)


def title_key(title: pl.Expr) -> pl.Expr:
    """Bring a title to the form under which equal titles are equal: case, accents, ``&`` and punctuation removed.

    A title of punctuation alone stays as it is.

    Args:
        title: titles without qualifier or year.
    """
    plain = title.str.normalize("NFKD").str.replace_all(r"\p{Mn}", "").str.to_lowercase()
    spelt = plain.str.replace_all("&", " and ", literal=True).str.replace_all(r"['’‘`´]", "")
    key = spelt.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(key == "").then(plain).otherwise(key)


def without_bracket(title: pl.Expr) -> pl.Expr:
    """Leave out the bracket at a title's end, unless nothing else is left: data sets drop such subtitles.

    Args:
        title: titles without qualifier or year.
    """
    return title.str.replace(r"^(.*\S)\s*[(（][^()（）]*[)）]$", "$1")


def loose_key(title: pl.Expr) -> pl.Expr:
    """Bring a title to a form in which article, spaces, a bracket at the end and the script of numbers do not count.

    Args:
        title: titles without qualifier or year.
    """
    fronted = (
        title_key(without_bracket(title))
        .str.replace(r"^(.*) (the|an?)$", "$2 $1")
        .str.replace(r"^(?:the|an?) (.)", "$1")
    )
    words = pl.concat_str(pl.lit(" "), fronted.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    spelt = words.str.replace_many(SPELT_OTHERWISE).str.replace_all(r"(\d) +(\d)", "$1 and $2")
    joined = spelt.str.replace_all(" ", "", literal=True)
    return pl.when(joined == "").then(title_key(title)).otherwise(joined)


SPELT_OTHERWISE = {
    **{f" {roman} ": f" {number} " for number, roman in enumerate(("ii", "iii", "iv", "v", "vi", "vii", "viii"), 2)},
    **{f" {word} ": f" {number} " for number, word in enumerate(("one", "two", "three", "four", "five", "six"), 1)},
    " part ": "",
    " vol ": "",
    " volume ": "",
    " no ": "",
    " dr ": " doctor ",
}


def label_from_iri(iris: pl.Series) -> pl.Series:
    """Read a name off the last part of each IRI: percent-decoded, underscores as spaces.

    Args:
        iris: IRIs, nulls allowed.
    """
    local = iris.str.replace(r"^.*?(?:/resource/|/entity/|#)", "").str.replace(r"^[a-z]+://.*/([^/]+)/?$", "$1")
    return decode_percent(local).str.replace_all("_", " ", literal=True).str.strip_chars()
