"""Conversations between a seeker with a taste and a recommender who listens.

Notable here:
- the seeker tells a genre, a person or a film they like before the first suggestion, as people do;
- suggestions mostly fit the taste, some do not and are refused, some repeat an earlier film;
- a conversation knows no schema: films stand in its text as the schema's writer asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kgprep.simulate import chinese, english
from kgprep.simulate.catalogue import Catalogue, Taste
from kgprep.simulate.films import Film
from kgprep.simulate.grammar import Grammar

_Option = TypeVar("_Option")
Role = Literal["seeker", "recommender"]

ROUND_COUNTS = (1, 2, 2, 2, 3, 3, 3, 4)
FILMS_A_CONVERSATION = 14


class SimulateConfig(BaseModel):
    """How much to simulate, in which language, from which seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialogues: int = Field(default=500, ge=1, description="number of dialogues over all splits")
    seed: int = Field(default=0, description="same seed, same bytes")
    language: Literal["en", "zh"] = Field(default="en", description="en: ReDial's schema, zh: TG-ReDial's")
    valid_share: float = Field(default=0.1, ge=0, lt=1, description="share of dialogues in valid, for zh")
    test_share: float = Field(default=0.15, ge=0, lt=1, description="share of dialogues in test")
    reviews_per_film: int = Field(default=4, ge=0, description="mean number of reviews of a film")
    off_taste_share: float = Field(default=0.12, ge=0, le=1, description="share of suggestions that ignore the taste")
    repeat_share: float = Field(default=0.2, ge=0, le=1, description="how readily a speaker names a film again")


@dataclass
class Message:
    """One utterance, the films it names, in order, and the parts of the taste that had been told before it."""

    role: Role
    text: str
    films: list[Film]
    action: str
    told: Taste


@dataclass
class Opinion:
    """What the seeker's form says of a film: 0 no, 1 yes, 2 did not say."""

    suggested: int
    seen: int
    liked: int


@dataclass
class Conversation:
    """Messages in order, and an opinion for every film named, by item id."""

    taste: Taste
    messages: list[Message] = field(default_factory=list)
    opinions: dict[str, Opinion] = field(default_factory=dict)
    films: dict[str, Film] = field(default_factory=dict)


def simulate_conversations(
    films: Sequence[Film], config: SimulateConfig, film_text: Callable[[Film], str]
) -> Iterator[Conversation]:
    """Yield conversations about `films`.

    Args:
        films: what users know.
        config: number, seed and language.
        film_text: how a film stands in the text, such as ``@id``.
    """
    catalogue = Catalogue(films, config.seed)
    grammar = Grammar(english.DIALOGUE_RULES if config.language == "en" else chinese.DIALOGUE_RULES)
    random = Random(config.seed)
    noise = np.random.Generator(np.random.PCG64(config.seed))
    for _ in range(config.dialogues):
        taste = catalogue.draw_taste(random)
        liked = catalogue.rank(taste, noise, FILMS_A_CONVERSATION)
        talk = _Talk(Conversation(taste), grammar, random, config, film_text)
        yield talk.run([catalogue.films[index] for index in liked], catalogue.films)


class _Talk:
    """One conversation as it is spoken."""

    def __init__(
        self,
        conversation: Conversation,
        grammar: Grammar,
        random: Random,
        config: SimulateConfig,
        film_text: Callable[[Film], str],
    ) -> None:
        self.conversation = conversation
        self.taste = conversation.taste
        self.grammar = grammar
        self.random = random
        self.config = config
        self.film_text = film_text
        self.english = config.language == "en"
        self.told: set[str] = set()
        self.accepted: list[Film] = []

    def run(self, liked: list[Film], films: Sequence[Film]) -> Conversation:
        """Speak from greeting to goodbye; `liked` are films of the seeker's taste, best first."""
        fresh = iter(liked)
        self._open()
        favourite = next(fresh)
        self._tell(favourite)
        rounds = self._pick(ROUND_COUNTS)
        for number in range(rounds):
            if self._chance(self.config.off_taste_share):
                self._suggest_off_taste(self._pick(films))
            else:
                film = next(fresh, None)
                if film is None:
                    break
                self._suggest(film, favourite, fresh)
            if number + 1 < rounds:
                self._ask_more()
        self._close()
        return self.conversation

    def _open(self) -> None:
        if self._chance(0.35):
            self._say("recommender", "greet")
        self._say("seeker", "seek" if self._chance(0.7) else "greet")
        self._say("recommender", "ask_taste")

    def _tell(self, favourite: Film) -> None:
        genre = self.taste.genre if self.taste.genre in favourite.genres else None
        person = self.taste.person if self.taste.person in favourite.people else None
        if genre and self._chance(0.6):
            self._tell_of("tell_genre_film", favourite)
        elif person and self._chance(0.6):
            self._tell_of("tell_person_film", favourite)
        elif self.taste.genre and self._chance(0.5):
            self._tell_of("tell_genre", None)
        elif self.taste.person and self._chance(0.4):
            self._tell_of("tell_person", None)
        else:
            self._tell_of("tell_film", favourite)
        if self.taste.person and "person" not in self.told and self.english and self._chance(0.4):
            self._tell_of("tell_person", None)
        if self.taste.mood and self._chance(0.4):
            self._tell_of("tell_mood", None)

    def _tell_of(self, rule: str, film: Film | None) -> None:
        self._say("seeker", rule, film, genre=self.taste.genre, person=self.taste.person)
        self.told.update(word for word in ("genre", "person", "mood") if word in rule)
        if film is not None:
            self._judge(film, Opinion(0, 1, 1))

    def _suggest(self, film: Film, favourite: Film, fresh: Iterator[Film]) -> None:
        other = next(fresh, None) if self.english and self._chance(0.12) else None
        if other is not None:
            self._say("recommender", "suggest_two", film, other=other)
            self._judge(other, Opinion(1, 0, 1))
        else:
            self._suggest_one(film, favourite)
        self._judge(film, Opinion(1, 0, 1))
        reaction = self.random.random()
        if reaction < 0.35:
            self._has_seen(film, fresh)
        elif reaction < 0.65:
            self._asks(film)
            self._accept(film)
        elif reaction < 0.93:
            self._accept(film)
        else:
            self._refuse(film)

    def _suggest_one(self, film: Film, favourite: Film) -> None:
        rule = "suggest_plain"
        if self.taste.person in film.people and "person" in self.told and self._chance(0.7):
            rule = "suggest_person"
        elif self.taste.genre in film.genres and self._chance(0.4):
            rule = "suggest_genre"
        elif favourite.item_id in self.conversation.films and self._chance(0.15):
            rule = "suggest_like"
        liked = favourite if rule == "suggest_like" and self.english else None
        self._say("recommender", rule, film, liked=liked, genre=self.taste.genre, person=self.taste.person)
        if film.about and film.people and film.genres and film.year and self._chance(0.3):
            self._say("recommender", "reason", about=film)
            self.told.add(film.item_id)

    def _suggest_off_taste(self, film: Film) -> None:
        if film.item_id in self.conversation.films:
            return
        self._say("recommender", "suggest_plain", film)
        if self.taste.likes(film):
            self._judge(film, Opinion(1, 0, 1))
            self._accept(film)
        else:
            self._judge(film, Opinion(1, 2, 0))
            self._refuse(film)

    def _has_seen(self, film: Film, fresh: Iterator[Film]) -> None:
        self._judge(film, Opinion(1, 1, 1))
        self._say("seeker", "seen_liked", film)
        also = next(fresh, None) if self.english and self._chance(0.35) else None
        if also is not None:
            self._say("seeker", "add_liked", also)
            self._judge(also, Opinion(0, 1, 1))

    def _asks(self, film: Film) -> None:
        if film.item_id in self.told:
            return
        if film.about and film.genres and self._chance(0.5):
            self._say("seeker", "ask_about")
            self._say("recommender", "answer_about", about=film)
        elif film.people and film.year:
            self._say("seeker", "ask_who")
            self._say("recommender", "answer_who", about=film)

    def _accept(self, film: Film) -> None:
        self.accepted.append(film)
        repeats = self._chance(self.config.repeat_share)
        self._say("seeker", "accept_film" if repeats else "accept", film)

    def _refuse(self, film: Film) -> None:
        self._judge(film, Opinion(1, 2, 0))
        genre = film.genres[0] if film.genres else self.taste.genre
        self._say("seeker", "refuse" if genre else "refuse_any", genre=genre)

    def _ask_more(self) -> None:
        if self.taste.mood and "mood" not in self.told and self._chance(0.4):
            self.told.add("mood")
            self._say("seeker", "more_mood")
        elif self.taste.person and "person" not in self.told and self._chance(0.6):
            self.told.add("person")
            self._say("seeker", "more_person", person=self.taste.person)
        elif self.taste.second and "second" not in self.told and self._chance(0.5):
            self.told.add("second")
            self._say("seeker", "more_genre", genre=self.taste.second)
        elif self.taste.genre and "genre" not in self.told and self._chance(0.7):
            self.told.add("genre")
            self._say("seeker", "more_genre", genre=self.taste.genre)
        else:
            self._say("seeker", "more")

    def _close(self) -> None:
        if self.accepted and self._chance(self.config.repeat_share):
            self._say("recommender", "remind", self._pick(self.accepted))
        self._say("seeker", "thanks")
        if self._chance(0.85):
            self._say("recommender", "bye")

    def _say(
        self,
        role: Role,
        rule: str,
        film: Film | None = None,
        *,
        other: Film | None = None,
        liked: Film | None = None,
        about: Film | None = None,
        genre: str | None = None,
        person: str | None = None,
    ) -> None:
        subject = film or about or self._last_film()
        slots = self._slots(subject, genre, person)
        named = {"film": film, "other": other, "liked": liked}
        slots |= {slot: self.film_text(value) for slot, value in named.items() if value is not None}
        text = self.grammar.expand(rule, self.random, slots)
        films = sorted(
            (value for value in named.values() if value is not None and self.film_text(value) in text),
            key=lambda value: text.index(self.film_text(value)),
        )
        self.conversation.films.update((value.item_id, value) for value in films)
        self._append(Message(role, text[0].upper() + text[1:], films, rule, self.taste.only(self.told)))

    def _append(self, message: Message) -> None:
        messages = self.conversation.messages
        if not self.english and messages and messages[-1].role == message.role:
            messages[-1].text += message.text
            messages[-1].films += message.films
            messages[-1].action = messages[-1].action if messages[-1].films else message.action
        else:
            messages.append(message)

    def _slots(self, subject: Film | None, genre: str | None, person: str | None) -> dict[str, str]:
        slots = {"genre": genre, "person": person, "mood": self.taste.mood}
        if subject is not None:
            slots["about"] = subject.about
            slots["year"] = str(subject.year)
            slots["genre"] = genre or (self._pick(subject.genres) if subject.genres else None)
            slots["person"] = person or (self._pick(subject.people) if subject.people else None)
        spoken = {slot: value for slot, value in slots.items() if value}
        return english.with_articles(spoken) if self.english else chinese.translated(spoken)

    def _last_film(self) -> Film | None:
        return next((message.films[-1] for message in reversed(self.conversation.messages) if message.films), None)

    def _judge(self, film: Film, opinion: Opinion) -> None:
        if film.item_id in self.conversation.films:
            earlier = self.conversation.opinions.get(film.item_id)
            suggested = earlier.suggested if earlier else opinion.suggested
            self.conversation.opinions[film.item_id] = Opinion(suggested, opinion.seen, opinion.liked)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _pick(self, options: Sequence[_Option]) -> _Option:
        return options[int(self.random.random() * len(options))]
