"""Reviews by simulated users: sentences about true facts of a film, and a rating that agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from kgprep.simulate import chinese, english
from kgprep.simulate.conversation import SimulateConfig
from kgprep.simulate.films import Film
from kgprep.simulate.grammar import Grammar

HIGH_SHARE = 0.72
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")


@dataclass(frozen=True)
class Review:
    """One review; `rating` is out of ten, `helpful` is (helpful votes, all votes)."""

    film: Film
    headline: str
    sentences: tuple[str, ...]
    rating: int
    date: str
    helpful: tuple[int, int]


def simulate_reviews(films: Sequence[Film], config: SimulateConfig) -> list[Review]:
    """Write `config.reviews_per_film` reviews of every film, one more or less."""
    grammar = Grammar(english.REVIEW_RULES if config.language == "en" else chinese.REVIEW_RULES)
    random = Random(f"reviews {config.seed}")
    related = _Related(films)
    reviews: list[Review] = []
    for film in films:
        count = max(0, config.reviews_per_film + int(random.random() * 3) - 1) if config.reviews_per_film else 0
        reviews.extend(_review(film, related, grammar, random, config.language) for _ in range(count))
    return reviews


class _Related:
    """Finds a film of the same genre or people to compare a film with."""

    def __init__(self, films: Sequence[Film]) -> None:
        self._by_feature: dict[str, list[Film]] = {}
        for film in films:
            for feature in (*film.genres, *film.people):
                self._by_feature.setdefault(feature, []).append(film)

    def draw(self, film: Film, random: Random) -> Film | None:
        """Return another film that shares a genre or a person with `film`, if there is one."""
        features = (*film.genres, *film.people)
        if not features:
            return None
        candidates = self._by_feature[_pick(features, random)]
        other = _pick(candidates, random)
        return other if other.title != film.title else None


def _pick(options: Sequence[Any], random: Random) -> Any:
    return options[int(random.random() * len(options))]


def _review(film: Film, related: _Related, grammar: Grammar, random: Random, language: str) -> Review:
    high = random.random() < HIGH_SHARE
    tone = "high" if high else "low"
    other = related.draw(film, random)
    genre = _pick(film.genres, random) if film.genres else ("feature" if language == "en" else "电影")
    people = random.sample(film.people, min(2, len(film.people)))
    slots = {
        "title": film.title,
        "year": str(film.year or ""),
        "genre": genre,
        "about": film.about,
        "person": people[0] if people else "",
        "second": people[-1] if people else "",
        "other": other.title if other else "",
    }
    slots |= {"mood": _pick(film.moods, random)} if film.moods else {}
    slots = english.with_articles(slots) if language == "en" else chinese.translated(slots)
    rules = [f"open_{tone}"]
    rules += ["story"] * (bool(film.about) and random.random() < 0.7)
    rules += [f"people_{tone}"] * (len(people) > 1 and random.random() < 0.75)
    rules += ["mood"] * (bool(film.moods and film.about and people) and random.random() < 0.8)
    rules += [f"craft_{tone}"] * (1 + (random.random() < 0.4))
    rules += ["compare"] * (other is not None and random.random() < 0.4)
    rules += ["meta"] * (random.random() < 0.12)
    rules += [f"end_{tone}"] * (random.random() < 0.6)
    sentences = tuple(_capital(grammar.expand(rule, random, slots)) for rule in dict.fromkeys(rules))
    headline_rule = f"headline_{tone}" if people else f"end_{tone}"
    votes = int(random.random() ** 2 * 60)
    return Review(
        film,
        _capital(grammar.expand(headline_rule, random, slots)),
        sentences,
        int(7 + random.random() * 4) if high else int(1 + random.random() * 5),
        f"{1 + int(random.random() * 28)} {_pick(_MONTHS, random)} {2004 + int(random.random() * 15)}",
        (int(votes * random.random()), votes),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def review_rows(reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """Return reviews as JSON objects, in turn in the two sub-formats of English corpora."""
    return [_ranked(review) if index % 2 else _bare(review) for index, review in enumerate(reviews)]


def _film_named(film: Film) -> dict[str, Any]:
    """Return the IMDb id, or title and year for a film without one."""
    return {"imdb_id": film.imdb_id} if film.imdb_id else {"imdb_id": None, "movie": film.title, "year": film.year}


def _bare(review: Review) -> dict[str, Any]:
    text = " ".join(review.sentences[:2]) + "<br /><br />" + " ".join(review.sentences[2:])
    return {
        "src": "simulated",
        **_film_named(review.film),
        "title": None,
        "rating": review.rating,
        "review": text.removesuffix("<br /><br />"),
    }


def _ranked(review: Review) -> dict[str, Any]:
    return {
        "src": "simulated-ranked",
        **_film_named(review.film),
        "title": review.headline,
        "rating": review.rating,
        "date": review.date,
        "review": " ".join(review.sentences),
        "rank": list(review.helpful),
    }


def comment_rows(reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """Return Chinese reviews as JSON objects in the form of Douban short comments (one to five stars)."""
    return [
        {
            "subject_id": review.film.item_id,
            "movie": review.film.title,
            "rating": (review.rating + 1) // 2,
            "comment": "".join(review.sentences),
        }
        for review in reviews
    ]
