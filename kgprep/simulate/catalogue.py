"""The films as arrays, and the tastes that users can have over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from kgprep.simulate.films import Film

POPULARITY_EXPONENT = 0.5
GENRE_WEIGHT = 3.0
SECOND_GENRE_WEIGHT = 1.5
PERSON_WEIGHT = 3.0
MOOD_WEIGHT = 4.0


@dataclass(frozen=True)
class Taste:
    """What one user likes; all but `genre` may be absent, `mood` is where films have none."""

    genre: str | None
    second: str | None
    person: str | None
    mood: str | None

    def likes(self, film: Film) -> bool:
        """Whether the film has a genre, a person or a mood that the user likes."""
        by_genre = self.genre in film.genres or self.second in film.genres
        return by_genre or self.person in film.people or self.mood in film.moods

    def only(self, parts: Collection[str]) -> Taste:
        """Return the taste with the parts named (genre, second, person, mood) and no others."""
        return Taste(*(value if part in parts else None for part, value in vars(self).items()))


class Catalogue:
    """Films with their popularity, and where each genre and person occurs.

    Args:
        films: at least one.
        seed: decides which films are popular.
    """

    def __init__(self, films: Sequence[Film], seed: int) -> None:
        self.films = tuple(films)
        ranks = np.array(Random(f"popularity {seed}").sample(range(len(films)), len(films)))
        self._log_popularity: NDArray[np.float64] = -POPULARITY_EXPONENT * np.log1p(ranks)
        self._by_genre = _places([film.genres for film in films])
        self._by_person = _places([film.people for film in films])
        self._by_mood = _places([film.moods for film in films])
        self._genre_draw = [genre for genre, places in self._by_genre.items() for _ in places]

    def draw_taste(self, random: Random) -> Taste:
        """Draw a user's taste: a genre as often as it occurs, perhaps more of what one of its films has."""
        if not self._genre_draw:
            return Taste(None, None, None, None)
        genre = self._genre_draw[int(random.random() * len(self._genre_draw))]
        film = self._draw_film(random, genre)
        others = [other for other in film.genres if other != genre]
        second = others[int(random.random() * len(others))] if others and random.random() < 0.6 else None
        known = [person for person in film.people if len(self._by_person[person]) > 1] or list(film.people)
        person = known[int(random.random() * len(known))] if known and random.random() < 0.6 else None
        moods = film.moods
        mood = moods[int(random.random() * len(moods))] if moods and random.random() < 0.8 else None
        return Taste(genre, second, person, mood)

    def _draw_film(self, random: Random, genre: str) -> Film:
        places = self._by_genre[genre]
        return self.films[int(places[int(random.random() * len(places))])]

    def rank(self, taste: Taste, noise: np.random.Generator, count: int) -> list[int]:
        """Draw `count` different films by taste and popularity, best first (the Gumbel trick)."""
        scores = self.appeal(taste) - np.log(-np.log1p(-noise.random(len(self.films))))
        best = np.argpartition(-scores, min(count, len(scores) - 1))[:count]
        ordered: list[int] = best[np.argsort(-scores[best], kind="stable")].tolist()
        return ordered

    def appeal(self, taste: Taste) -> NDArray[np.float64]:
        """Return the logarithm of how likely each film is to be thought of first, but for a constant: [films]."""
        scores = self._log_popularity.copy()
        if taste.genre is not None:
            scores[self._by_genre[taste.genre]] += GENRE_WEIGHT
        if taste.second is not None:
            scores[self._by_genre[taste.second]] += SECOND_GENRE_WEIGHT
        if taste.person is not None:
            scores[self._by_person[taste.person]] += PERSON_WEIGHT
        if taste.mood is not None:
            scores[self._by_mood[taste.mood]] += MOOD_WEIGHT
        return scores


def _places(values: Sequence[Sequence[str]]) -> dict[str, NDArray[np.int64]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, names in enumerate(values):
        for name in dict.fromkeys(names):
            places[name].append(index)
    return {name: np.array(places[name], dtype=np.int64) for name in sorted(places)}
