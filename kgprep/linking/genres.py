"""The usual ways to say a genre, and the labels under which a graph may know it.

Notable here:
- a form that is an everyday word too ("war", "family") counts only before a word such as "films" or beside another
  genre; "a mystery" and "a western" are works by themselves;
- the first label that the graph knows as a genre is taken, and the labels are in order of preference.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.linking.folding import fold_form

HEAD_NOUNS = r"(?i)^[\s\-]*(?:based\s+)?(?:films?|movies?|flicks?|genres?|stuff|pictures?)\b"
NOUNS = frozenset(fold_form(word) for word in ("adventure", "mystery", "western"))
"""Everyday words that name a work of their genre by themselves: "a mystery"."""


@dataclass(frozen=True)
class Genre:
    """The labels of a genre in order of preference, forms that always name it, and forms that need a head noun."""

    labels: tuple[str, ...]
    forms: tuple[str, ...]
    weak_forms: tuple[str, ...] = ()


def _genre(labels: str, forms: str, weak_forms: str = "") -> Genre:
    listed = (tuple(part.strip() for part in text.split(",") if part.strip()) for text in (labels, forms, weak_forms))
    return Genre(*listed)


GENRES = (
    _genre("Action film, Action films, Action fiction", "action", "action packed"),
    _genre("Adventure film, Adventure films, Adventure fiction", "", "adventure, adventures"),
    _genre("Animation, Animated film, Animated films", "animation, animated, animations, cartoons", "cartoon"),
    _genre("Anime", "anime"),
    _genre("Biographical film, Biographical films, Biopic", "biopic, biopics, biographical", "biography, biographies"),
    _genre("Black comedy, Dark comedy", "black comedy, dark comedy, black comedies, dark comedies"),
    _genre(
        "Children's film, Children's films, Family film",
        "children's films, kids movies, kid movies",
        "kids, kid, children's",
    ),
    _genre("Comedy, Comedy film, Comedy films", "comedy, comedies, comedic"),
    _genre("Crime film, Crime films, Crime fiction", "", "crime"),
    _genre("Disaster film, Disaster films", "", "disaster"),
    _genre("Documentary film, Documentary, Documentary films", "documentary, documentaries"),
    _genre("Drama, Drama film, Drama (film and television), Drama films", "drama, dramas"),
    _genre("Family film, Family films, Children's film", "", "family"),
    _genre("Fantasy, Fantasy film, Fantasy films", "fantasy"),
    _genre("Film noir", "film noir, noir"),
    _genre("Gangster film, Gangster films", "", "gangster, mob, mafia"),
    _genre("Heist film, Heist films", "", "heist"),
    _genre("Historical film, Historical drama, Historical fiction", "", "historical, history"),
    _genre("Horror film, Horror films, Horror fiction", "horror, horrors"),
    _genre("Independent film, Independent films", "indie", "independent"),
    _genre("Martial arts film, Martial arts films", "martial arts, kung fu", "karate"),
    _genre("Musical film, Musical films, Musical theatre", "musical, musicals"),
    _genre("Mystery film, Mystery films, Mystery fiction", "mysteries", "mystery"),
    _genre("Romance film, Romance films, Romance novel", "romance, romances", "romantic"),
    _genre(
        "Romantic comedy, Romantic comedy film, Romantic comedy films",
        "romantic comedy, romantic comedies, rom com, rom coms, rom-com, rom-coms, romcom, romcoms",
    ),
    _genre("Satire", "satire, satires"),
    _genre(
        "Science fiction film, Science fiction, Science fiction films", "sci fi, sci-fi, scifi, science fiction, syfy"
    ),
    _genre("Silent film, Silent films", "silent film, silent films"),
    _genre("Slasher film, Slasher films", "slasher, slashers"),
    _genre("Sports film, Sports films", "", "sport, sports"),
    _genre("Spy film, Spy films, Spy fiction", "", "spy, espionage"),
    _genre("Stand-up comedy", "stand up comedy, stand-up comedy, standup comedy"),
    _genre("Superhero film, Superhero films, Superhero fiction", "superhero, superheroes, super hero, super heroes"),
    _genre(
        "Thriller film, Thriller (genre), Thriller films, Thriller fiction",
        "thriller, thrillers, suspense",
    ),
    _genre("Psychological thriller", "psychological thriller, psychological thrillers"),
    _genre("War film, War films", "", "war"),
    _genre("Western film, Western (genre), Western films, Western fiction", "westerns", "western"),
    _genre("Zombie film, Zombie films, Zombie", "zombies", "zombie"),
    _genre("喜剧, 喜剧片, Comedy, Comedy film", "喜剧, 喜剧片"),
    _genre("动作片, Action film, Action fiction", "动作片"),
    _genre("爱情片, Romance film", "爱情片"),
    _genre("科幻片, 科幻, Science fiction film, Science fiction", "科幻片, 科幻"),
    _genre("恐怖片, Horror film, Horror fiction", "恐怖片"),
    _genre("动画片, Animation, Animated film", "动画片, 动画电影"),
)


def genre_forms(entities: pl.DataFrame) -> pl.DataFrame:
    """Return the forms of the genres that a graph knows.

    Args:
        entities: entity_id, label, kind.

    Returns:
        form str (folded), entity_id i32, needs_head_noun bool.
    """
    named = [
        (label.lower(), preference, number)
        for number, genre in enumerate(GENRES)
        for preference, label in enumerate(genre.labels)
    ]
    wanted = pl.DataFrame(named, schema={"key": pl.String, "preference": pl.Int32, "genre": pl.Int32}, orient="row")
    known = entities.filter(pl.col("kind").cast(pl.String).is_in(["genre", "other"])).select(
        "entity_id", key=pl.col("label").str.to_lowercase()
    )
    chosen = wanted.join(known, on="key").sort("genre", "preference", "entity_id").unique("genre", keep="first")
    spoken = [
        (number, fold_form(form), weak)
        for number, genre in enumerate(GENRES)
        for forms, weak in ((genre.forms, False), (genre.weak_forms, True))
        for form in forms
    ]
    forms = pl.DataFrame(
        spoken, schema={"genre": pl.Int32, "form": pl.String, "needs_head_noun": pl.Boolean}, orient="row"
    )
    return (
        forms.join(chosen.select("genre", "entity_id"), on="genre")
        .select("form", "entity_id", "needs_head_noun")
        .sort("form", "entity_id")
    )
