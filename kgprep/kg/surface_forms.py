"""Other ways to write a name: titles of works, names of organisations and of people, as polars expressions.

Notable here:
- a family is a factor and an expression that gives a variant of the column ``label``, or null where it has none; a
  variant weighs its origin's weight times the factor, so that it always weighs less than what it was made from;
- families are applied in rounds, each on what the rounds before gave, so that "The Boondock Saints II: All Saints Day"
  gives "Boondock Saints 2"; spellings are the last round and are not combined with each other, which bounds their
  number.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kgprep.kg.sequels import is_sequel, sequel_families

Family = tuple[float, pl.Expr]

_LABEL = pl.col("label")
_ARTICLE = r"^(?:(?i:the)|An?) "
_BREAK = r"(?:\s*[:：]\s+|：|\s+[–—-]\s+)"
_MARKS = {"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "‐": "-", "‑": "-"}
_LETTERS = {
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
    "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ß": "ss",
}  # fmt: skip
_HYPHEN = r"(\p{L})[-·/](\p{L})"
_LEGAL_FORMS = r"^(.*[^\s,]),? (?:(?:Pvt\.? )?Ltd|Inc|LLC|Corp|GmbH|Co|S\.A|plc|PLC)\.?$"
_OWNERS = r"^(?:Marvel|Disney|Walt Disney|Pixar|DC|National Lampoon|Monty Python|Dr\. Seuss)$"
_OWNED = r"^(?P<owner>\p{Lu}[\p{L}\p{N}. -]*?)(?:'s|(?P<plural>s)') (?P<owned>.+)$"
_NO_NAME_OF_ITS_OWN = r"(?i)^(?:the )?(?:movie|film|sequel|musical|beginning|part|chapter|volume|vol\.?|episode)\b"
_PARTICLE = (
    r"(?:(?i:del?|della|de la|de los|di|da|dos|du|der|den|van|van der|van den|von|la|le|ter|st\.?)|al|el|bin|ibn|ben)"
)
_SURNAME = r"\p{Lu}[\p{L}'’-]{2,}"
_NUMERAL = r",? (?i:ii|iii|iv)$"
_JUNIOR = r"^(.*[^\s,]),? (?i:(jr|sr))\.?$"


def work_forms(titles: pl.DataFrame, people: pl.Series) -> pl.DataFrame:
    """Return the titles of works in other forms: fronted article, sequel numbers, without subtitle or article.

    Args:
        titles: iri, label.
        people: names of people; "Tyler Perry's Acrimony" is "Acrimony" if Tyler Perry is one.

    Returns:
        iri, label, weight (above 0, at most 1, which is that of the title itself); "Godfather, The" is given as
        "The Godfather" only.
    """
    fronted = _with_fronted_article(_start(titles))
    owned = pl.concat([fronted, _without_owner(fronted, people)])
    numbered = _also(owned, sequel_families(), is_sequel())
    cuts = [(0.3, _without_subtitle(".{3,}?")), (0.3, _without_subtitle(".{3,}")), (0.2, _subtitle())]
    short = _also(numbered, cuts, _LABEL.str.contains(r"[:：–—(-]"))
    bare = _also(short, [(0.3, _without_article())], _LABEL.str.contains(_ARTICLE))
    return _spelt(bare, [*_title_spellings(), *_joined_spellings()])


def organisation_forms(names: pl.DataFrame) -> pl.DataFrame:
    """Return the names of organisations in other forms: without article or legal form.

    Args:
        names: iri, label.

    Returns:
        iri, label, weight, as of `work_forms`.
    """
    families = [(0.3, _without_article()), (0.5, _LABEL.str.extract(_LEGAL_FORMS))]
    return _spelt(_also(_start(names), families, pl.lit(True)), _title_spellings())


def person_forms(names: pl.DataFrame) -> pl.DataFrame:
    """Return the names of people in other forms: Jr. and middle names dropped, initials joined, the surname alone.

    Args:
        names: iri, label.

    Returns:
        iri, label, weight, as of `work_forms`.
    """
    families = [
        (0.9, _with_comma_before_junior()),
        (0.5, _without_junior()),
        (0.6, _without_initials()),
        (0.6, _without_nickname()),
        (0.2, _without_middle_name()),
    ]
    full = _also(_start(names), families, _LABEL.str.contains(r" .+ |[.,]"))
    return _spelt(_also(full, [(0.1, _surname())], _LABEL.str.contains(" ", literal=True)), _name_spellings())


def other_forms(names: pl.DataFrame) -> pl.DataFrame:
    """Return the names of anything else in other spellings.

    Args:
        names: iri, label.

    Returns:
        iri, label, weight, as of `work_forms`.
    """
    return _spelt(_start(names), [])


def tidy(text: pl.Expr) -> pl.Expr:
    """Compose characters (NFC) and bring all white space to single spaces.

    Args:
        text: names.
    """
    return text.str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()


def without_accents(text: pl.Expr) -> pl.Expr:
    """Take the accents off Latin letters, and write ø, æ, ß and their like with plain ones.

    Args:
        text: names.
    """
    marked = text.str.normalize("NFD").str.replace_all(r"(\p{Latin})\p{Mn}+", "$1").str.normalize("NFC")
    return marked.str.replace_many(_LETTERS)


def _start(names: pl.DataFrame) -> pl.DataFrame:
    return names.select("iri", tidy(_LABEL).alias("label"), weight=pl.lit(1.0)).unique()


def _also(forms: pl.DataFrame, families: Sequence[Family], where: pl.Expr) -> pl.DataFrame:
    """Add the variants of the rows of `forms` that hold what any of the families looks for."""
    able = forms.filter(where)
    variants = able.with_columns(variant.alias(str(family)) for family, (_, variant) in enumerate(families))
    made = [
        variants.filter(pl.col(str(family)) != _LABEL)
        .select("iri", tidy(pl.col(str(family))).alias("label"), pl.col("weight") * factor)
        .filter(_LABEL.str.count_matches(r"[\p{L}\p{N}]") > 1)
        for family, (factor, _) in enumerate(families)
    ]
    return pl.concat([forms, *made])


def _spelt(forms: pl.DataFrame, families: Sequence[Family]) -> pl.DataFrame:
    """Add spellings: first with straight marks, then those of each family, last all without accents.

    Of equal forms of one entity the weightiest stays.
    """
    beyond_ascii = _LABEL.str.contains(r"[^\x00-\x7F]")
    straight = _also(forms, [(0.95, _LABEL.str.replace_many(_MARKS))], beyond_ascii)
    spelt = _also(straight, families, _LABEL.str.contains(r"[^\p{L}\p{N}\s]| and ")) if families else straight
    plain = _also(spelt, [(0.9, without_accents(_LABEL))], beyond_ascii)
    return plain.group_by("iri", "label").agg(pl.col("weight").max())


def _title_spellings() -> list[Family]:
    dash = _LABEL.str.contains(r"\s[–—]\s")
    hyphen = _LABEL.str.replace_all(r"\s+[–—]\s+", " - ")
    flat = _LABEL.str.replace_all(_BREAK, " ")
    plain = _without_punctuation(flat)
    return [
        (0.8, flat),
        (0.8, pl.when(dash).then(hyphen).otherwise(_LABEL.str.replace(r"\s*:\s+", " - "))),
        (0.8, pl.when(dash).then(_LABEL.str.replace_all(r":\s", " ").str.replace_all(r"\s+[–—]\s+", ": "))),
        (0.8, _LABEL.str.replace_all(r"\s*&\s*", " and ")),
        (0.6, _LABEL.str.replace(r" and (\p{Lu})", " & $1")),
        (0.7, plain),
        (0.6, plain.str.replace_all("'", "", literal=True)),
        (0.6, _LABEL.str.replace_all(_HYPHEN, "$1 $2")),
        (0.5, plain.str.replace_all(_HYPHEN, "$1 $2")),
    ]


def _joined_spellings() -> list[Family]:
    return [(0.5, _joined(_LABEL)), (0.5, _joined(_without_punctuation(_LABEL.str.replace_all(_BREAK, " "))))]


def _name_spellings() -> list[Family]:
    return [
        (0.8, _LABEL.str.replace_all(r"(\p{Lu}\.) (\p{Lu}\.)", "$1$2")),
        (0.7, _LABEL.str.replace_all(r"(\p{Lu})\. (\p{Lu})\.", "$1$2").str.replace_all(r"(\p{L})\.( |$)", "$1$2")),
        (0.6, _LABEL.str.replace_all(r"(\p{L})-(\p{Lu})", "$1 $2")),
    ]


def _without_punctuation(title: pl.Expr) -> pl.Expr:
    spelt = title.str.replace_all("&", " and ", literal=True).str.replace_all(r"\.+([^\d]|$)", "$1")
    return spelt.str.replace_all(r"[,;:!?¡¿\"*()（）]", "")


def _joined(title: pl.Expr) -> pl.Expr:
    """Write "Spider-Man" as "Spiderman" and "X-Men" as "XMen"; a title with several hyphens stays whole."""
    small = title.str.replace_many({f"-{letter}": letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    two_words = title.str.contains(r"\p{Ll}-\p{Lu}\p{Ll}")
    joined = pl.when(two_words).then(small).otherwise(title.str.replace_all(_HYPHEN, "$1$2"))
    return pl.when(title.str.count_matches(r"[-·/]") == 1).then(joined)


def _with_fronted_article(titles: pl.DataFrame) -> pl.DataFrame:
    trailing = r"^(.*\S), (The|An?|Les?|La|Der|Die|Das|El|Los|Las|Il)$"
    weight = pl.when(_LABEL.str.contains(trailing)).then(pl.col("weight") * 0.95).otherwise("weight")
    return titles.with_columns(_LABEL.str.replace(trailing, "$2 $1"), weight)


def _without_article() -> pl.Expr:
    return pl.coalesce(_LABEL.str.extract(r"^(?i:the) (.+)$"), _LABEL.str.extract(r"^An? (\S+ .+)$"))


def _without_subtitle(head: str) -> pl.Expr:
    bracketed = _LABEL.str.extract(r"^(.{3,}?\S)(?:,? or)?\s*\([^()]*\)$")
    return pl.coalesce(_LABEL.str.extract(rf"^({head}){_BREAK}.+$"), bracketed)


def _subtitle() -> pl.Expr:
    subtitle = _LABEL.str.extract(rf"^.{{3,}}{_BREAK}([^:：–—]*\S [^:：–—]+)$")
    return pl.when(~subtitle.str.contains(_NO_NAME_OF_ITS_OWN)).then(subtitle)


def _without_owner(titles: pl.DataFrame, people: pl.Series) -> pl.DataFrame:
    parts = _LABEL.str.replace_many(_MARKS).str.extract_groups(_OWNED)
    cut = titles.with_columns(parts.alias("parts")).unnest("parts").drop_nulls("owned")
    owner = pl.concat_str("owner", pl.col("plural").fill_null(""))
    by_person = owner.is_in(people.implode())
    by_house = owner.str.contains(_OWNERS) | pl.col("owned").str.contains(r"^(?:The|An?) ")
    return cut.filter(by_person | by_house).select("iri", label="owned", weight=pl.col("weight") * 0.5)


def _with_comma_before_junior() -> pl.Expr:
    comma = _LABEL.str.replace(_JUNIOR, "$1, $2.")
    plain = _LABEL.str.replace(_JUNIOR, "$1 $2.")
    return pl.when(_LABEL.str.contains(_JUNIOR)).then(pl.when(comma == _LABEL).then(plain).otherwise(comma))


def _without_junior() -> pl.Expr:
    return pl.coalesce(_LABEL.str.extract(_JUNIOR), _LABEL.str.extract(rf"^(.* .*){_NUMERAL}"))


def _without_initials() -> pl.Expr:
    initials = rf"^(\p{{Lu}}[\p{{L}}'’-]+) (?:\p{{Lu}}\. ?)+((?:{_PARTICLE} )?{_SURNAME})$"
    return pl.when(_LABEL.str.contains(initials)).then(_LABEL.str.replace(initials, "$1 $2"))


def _without_nickname() -> pl.Expr:
    nickname = r' ["“][^"“”]+["”] '
    return pl.when(_LABEL.str.contains(nickname)).then(_LABEL.str.replace(nickname, " "))


def _without_middle_name() -> pl.Expr:
    three = r"^(\p{Lu}[\p{L}'’-]+) (\p{Lu}[\p{L}'’-]+) (\p{Lu}[\p{L}'’-]{2,})$"
    is_one_name = _LABEL.str.extract(three, 2).str.contains(rf"^{_PARTICLE}$")
    is_no_name = _LABEL.str.contains(rf"^The |{_NUMERAL}")
    return pl.when(~is_one_name & ~is_no_name).then(_LABEL.str.replace(three, "$1 $3"))


def _surname() -> pl.Expr:
    plain = _LABEL.str.replace(_JUNIOR, "$1").str.replace(_NUMERAL, "")
    return pl.coalesce(
        plain.str.extract(rf"^\S.*? ({_PARTICLE} {_SURNAME})$"), plain.str.extract(rf"^\S.* ({_SURNAME})$")
    )
