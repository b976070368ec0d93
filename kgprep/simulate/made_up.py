"""Made-up films, as many as wanted, in the form of the sample's films.jsonl.

Notable here:
- a few people are in many films and most in one or two (a power law), so many films can only be told apart by them;
- genres and people stand in the edges, moods in none: only users and their reviews speak of those;
- names are put together from parts, so that nobody real is spoken of.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Any, Final

from kgprep.errors import KgprepError
from kgprep.simulate.chinese import MOOD_NAMES
from kgprep.simulate.dbpedia import GENRE_ENTITIES
from kgprep.simulate.grammar import Grammar

MOST_FILMS: Final = 20_000
PEOPLE_A_FILM: Final = 0.6
POWER: Final = 0.6
_CAST: Final = 3
_STUDIOS: Final = 30

_ALTERNATIVES: Final = {
    "start": "Bar|Cal|Dor|Fen|Gal|Hol|Kel|Lor|Mar|Nor|Pel|Quin|Ros|Sel|Tor|Ul|Ver|Wes|Yar|Zan",
    "end": "bury|dale|den|fort|gan|ham|ley|lin|mond|ner|rick|ridge|sen|son|ton|vale|well|wick|wood|worth",
    "place": "[start][end]",
    "first": "Ada|Amos|Berta|Bruno|Clara|Cyrus|Dario|Dina|Edda|Emil|Felix|Flora|Greta|Hugo|Irma|Jonas|Kira|Leo|Mira"
    "|Nils|Olga|Paul|Rosa|Simon|Tilda|Viktor|Wanda|Xenia|Yves|Zora",
    "person": "[first] [start][end]",
    "studio": "[start][end] Pictures",
    "quality": "Amber|Bitter|Broken|Crooked|Distant|Electric|Empty|Frozen|Golden|Hollow|Hungry|Iron|Lonely|Lost"
    "|Midnight|Paper|Quiet|Restless|Scarlet|Second|Silent|Silver|Stolen|Sunken|Tender|Velvet|Wandering|Wild|Winter"
    "|Yellow",
    "thing": "Anchor|Balloon|Bridge|Candle|Carousel|Clock|Comet|Compass|Feather|Ferry|Garden|Harbour|Island|Kite"
    "|Lantern|Letter|Lighthouse|Map|Mirror|Orchard|Piano|Pilot|Promise|Railway|River|Secret|Shadow|Station|Storm"
    "|Suitcase|Telescope|Tide|Tower|Trumpet|Valley|Voyage|Waltz|Whale|Window|Witness",
    "title": "The [quality] [thing]|[quality] [thing]|The [thing] of [place]|Return to [place]|Under the [thing]"
    "|[place] and the [thing]|The [thing] at [place]|The [thing] and the [thing]",
    "trade": "baker|beekeeper|boxer|cartographer|clockmaker|courier|dancer|detective|diver|farmer|florist|forger"
    "|gambler|gardener|judge|librarian|lighthouse keeper|locksmith|magician|mechanic|midwife|nurse|painter|pianist"
    "|pilot|postman|sailor|schoolteacher|soldier|surgeon|tailor|taxi driver|translator|undertaker|violinist|widow",
    "deed": "befriends a runaway child|buys a house that nobody leaves|crosses a desert on foot|finds a map to nowhere"
    "|gets letters from the future|guards a door without a key|hides a prince in the attic|hunts a white stag"
    "|inherits an empty theatre|joins a travelling circus|learns to fly|loses every memory but one"
    "|must win a race against a train|opens a school in the mountains|raises a wolf|robs the bank next door"
    "|saves a drowning stranger|searches for a lost twin|stops a war by mistake|swaps lives with a double"
    "|takes the blame for a crime|teaches a robot to sing|trades shadows with a thief|wakes up as a king",
    "about": "a [trade] who [deed]|an old [trade] who [deed]|a young [trade] who [deed]",
}


def made_up_films(count: int, seed: int) -> list[dict[str, Any]]:
    """Make up films, each with one or two genres, one mood, a director, a cast and a story.

    Args:
        count: how many, up to `MOST_FILMS`.
        seed: same seed, same films.

    Returns:
        Rows of films.jsonl with a column moods; what is Chinese in them is None.

    Raises:
        KgprepError: more films are wanted than there are names for.
    """
    if count > MOST_FILMS:
        raise KgprepError(f"{count:,} made-up films are more than there are names for: ask for {MOST_FILMS:,} at most")
    random = Random(f"films {seed}")
    grammar = Grammar({rule: tuple(alternatives.split("|")) for rule, alternatives in _ALTERNATIVES.items()})
    titles = _distinct(count, lambda: grammar.expand("title", random, {}))
    people = _distinct(max(round(PEOPLE_A_FILM * count), 2 * _CAST), lambda: grammar.expand("person", random, {}))
    studios = _distinct(_STUDIOS, lambda: grammar.expand("studio", random, {}))
    weights = list(accumulate((rank + 1) ** -POWER for rank in range(len(people))))
    rows = []
    for number, title in enumerate(titles):
        team = _distinct(1 + _CAST, lambda: random.choices(people, cum_weights=weights)[0])
        year = random.randint(1960, 2020)
        rows.append(
            {
                "movie_id": str(700_000 + number),
                "title": title,
                "year": year,
                "release_date": None,
                "imdb_id": f"tt{90_000_000 + number}",
                "genres": random.sample(list(GENRE_ENTITIES), random.choice((1, 2, 2))),
                "moods": [random.choice(list(MOOD_NAMES))],
                "people": team,
                "people_zh": [None] * len(team),
                "about": grammar.expand("about", random, {}),
                "title_zh": None,
                "entity": _entity(title) if number % 3 else f"{_entity(title)}_({year}_film)",
                "edges": {
                    "director": [_entity(team[0])],
                    "starring": [_entity(person) for person in team[1:]],
                    "distributor": [_entity(random.choice(studios))],
                },
            }
        )
    return rows


def _distinct(count: int, draw: Callable[[], str]) -> list[str]:
    """Draw until there are so many different ones."""
    drawn = dict[str, None]()
    while len(drawn) < count:
        drawn[draw()] = None
    return list(drawn)


def _entity(name: str) -> str:
    return name.replace(" ", "_")
