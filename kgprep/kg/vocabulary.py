"""Which predicates and types of which vocabularies mean what: DBpedia's, schema.org's, Wikidata's, RDF's own.

Notable here: files are recognised by the predicates in them, so `FACT_OF_PREDICATE` is all that tells a labels dump
from a types dump.
"""

from __future__ import annotations

from functools import cache

import polars as pl

RESOURCE = "http://dbpedia.org/resource/"
DBO = "http://dbpedia.org/ontology/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
FOAF = "http://xmlns.com/foaf/0.1/"
DBP = "http://dbpedia.org/property/"
SCHEMA = "http://schema.org/"
WDT = "http://www.wikidata.org/prop/direct/"
WIKIDATA_ENTITY = "http://www.wikidata.org/entity/"

ABSOLUTE_IRI = r'^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*$'
"""What an IRI looks like that may stand in triples."""

FACT_OF_PREDICATE: dict[str, str] = {
    f"{RDFS}label": "label",
    f"{RDF}type": "type",
    f"{DBO}imdbId": "imdb_id",
    f"{DBP}imdbId": "imdb_id",
    f"{WDT}P345": "imdb_id",
    f"{DBO}releaseDate": "date",
    f"{DBO}firstReleaseDate": "date",
    f"{DBO}year": "date",
    f"{WDT}P577": "date",
    f"{DBO}wikiPageRedirects": "redirect",
    f"{DBO}wikiPageDisambiguates": "disambiguation",
    f"{OWL}sameAs": "same_as",
    f"{DBO}abstract": "text",
    f"{RDFS}comment": "text",
    f"{SCHEMA}description": "text",
    f"{FOAF}name": "name",
}
"""The kind of fact a predicate states, beside the object properties that become edges."""

FACTS = ("edge", "label", "type", "imdb_id", "date", "redirect", "disambiguation", "same_as", "text", "name")

_BETWEEN_IRIS = ("edge", "type", "redirect", "disambiguation", "same_as")
_NO_EDGE_NAMESPACES = (RDF, RDFS, OWL, "http://www.w3.org/2004/02/skos/core#", "http://www.w3.org/ns/prov#")
_NO_EDGE_PREFIXES = (f"{DBO}wikiPage", f"{DBO}thumbnail", f"{DBP}wiki", "http://purl.org/dc/terms/subject")
_NO_EDGE_FOAF = ("homepage", "depiction", "page", "primaryTopic", "isPrimaryTopicOf", "thumbnail")
NO_EDGE = (*_NO_EDGE_NAMESPACES, *_NO_EDGE_PREFIXES, *(FOAF + name for name in _NO_EDGE_FOAF))
"""What the predicates start with whose triples never become edges."""


@cache
def fact_of_predicate(predicate: str) -> str | None:
    """Name the fact that triples with a predicate state, one of `FACTS`, or None where they are of no use here."""
    return FACT_OF_PREDICATE.get(predicate) or (None if predicate.startswith(NO_EDGE) else "edge")


def sound_fact(
    fact: pl.Expr, subject_is_iri: pl.Expr, object_is_iri: pl.Expr, end: pl.Expr, start: str = ""
) -> pl.Expr:
    """Return the fact, null where the terms are none that it can hold of: a literal ends no edge.

    Args:
        fact: one of `FACTS`.
        subject_is_iri, object_is_iri: what the ends of the triple are.
        end: the object.
        start: what an IRI starts with in this form, such as N-Triples' bracket.
    """
    is_refused = ~subject_is_iri | (fact.is_in(_BETWEEN_IRIS) & ~object_is_iri)
    is_elsewhere = (fact == "same_as") & ~end.str.starts_with(start + WIKIDATA_ENTITY)
    return pl.when(~(is_refused | is_elsewhere)).then(fact)


def facts_of_triples(triples: pl.DataFrame) -> pl.Series:
    """Name the fact that each triple states, null where it is of no use here.

    Args:
        triples: `kgprep.kg.ntriples.TRIPLE_SCHEMA`.
    """
    # Distinct ones: triples have few, and what each states is remembered.
    distinct = triples["predicate"].unique()
    facts = pl.Series([fact_of_predicate(predicate) for predicate in distinct.to_list()], dtype=pl.String)
    fact = pl.col("predicate").replace_strict(distinct, facts, return_dtype=pl.String)
    named = triples.with_columns(fact=fact)
    subject_is_iri = ~pl.col("subject").str.starts_with("_:")
    return named.select(fact=sound_fact(pl.col("fact"), subject_is_iri, pl.col("is_iri"), pl.col("object"))).to_series()


_TYPE_NAMES: dict[str, tuple[str, ...]] = {
    "film": ("Film", "Movie", "TelevisionFilm", "Q11424", "Q24862", "Q202866", "Q506240"),
    "series": (
        "TelevisionShow", "TVSeries", "CreativeWorkSeries", "MovieSeries", "TelevisionSeason", "Anime", "WebSeries",
        "FilmSeries", "Q5398426", "Q24856",
    ),
    "genre": ("Genre", "MovieGenre", "MusicGenre", "LiteraryGenre", "Q201658", "Q188451"),
    "person": (
        "Person", "Artist", "Actor", "Writer", "Comedian", "MusicalArtist", "Politician", "Royalty", "Athlete",
        "ScreenWriter", "Scientist", "Model", "Presenter", "OfficeHolder", "MilitaryPerson", "Cleric", "Criminal",
        "Philosopher", "Journalist", "Economist", "Engineer", "Architect", "Wrestler", "MartialArtist", "ComicsCreator",
        "Painter", "Photographer", "Producer", "FilmDirector", "VoiceActor", "AdultActor", "MovieDirector", "Dancer",
        "TelevisionDirector", "TelevisionHost", "BusinessPerson", "FashionDesigner", "Historian", "Poet", "Musician",
        "Singer", "BeautyQueen", "Chef", "President", "PrimeMinister", "Monarch", "Saint", "Boxer", "SoccerPlayer",
        "BasketballPlayer", "AmericanFootballPlayer", "Swimmer", "Q5",
    ),
    "organisation": (
        "Organisation", "Organization", "Company", "Band", "Group", "RecordLabel", "TelevisionStation", "Broadcaster",
        "BroadcastNetwork", "Publisher", "University", "School", "PoliticalParty", "GovernmentAgency",
        "RadioStation", "SoccerClub", "SportsTeam", "MilitaryUnit", "MediaCompany", "Q43229", "Q4830453", "Q783794",
    ),
    "place": (
        "Place", "PopulatedPlace", "City", "Country", "Settlement", "Town", "Village", "AdministrativeRegion", "Region",
        "Island", "Building", "Location", "Q515", "Q6256",
    ),
    "work": (
        "Work", "CreativeWork", "Book", "Novel", "WrittenWork", "Album", "Song", "Single", "MusicalWork", "VideoGame",
        "Game", "Play", "Musical", "Comic", "Comics", "Manga", "Magazine", "Newspaper", "TelevisionEpisode", "Poem",
        "Software", "MusicAlbum", "MusicRecording", "Soundtrack", "Q7725634", "Q7889", "Q482994", "Q571",
    ),
}  # fmt: skip

KIND_OF_TYPE: dict[str, str] = {name: kind for kind, names in _TYPE_NAMES.items() for name in names}
"""The kind of entity that a type's local name means."""

KIND_PRECEDENCE = ("film", "series", "genre", "person", "organisation", "place", "work", "other")
"""Which kind counts where an entity's types or relations speak for several."""

KIND_OF_SUBJECT: dict[str, str] = {
    **dict.fromkeys(("director", "cinematography", "editing", "P57", "P344", "P161"), "film"),
    **dict.fromkeys(("network", "numberOfEpisodes", "showJudge", "firstAirDate", "opentheme"), "series"),
    **dict.fromkeys(("artist", "author", "recordLabel", "developer", "computingPlatform", "illustrator"), "work"),
    **dict.fromkeys(("spouse", "birthPlace", "occupation", "almaMater", "instrument"), "person"),
    **dict.fromkeys(("bandMember", "formerBandMember", "foundedBy", "keyPerson", "headquarter"), "organisation"),
    **dict.fromkeys(("stylisticOrigin", "musicFusionGenre", "musicSubgenre"), "genre"),
    **dict.fromkeys(("starring",), "film"),
}
"""The kind of entity that stands as head of a relation, by the relation's local name."""

KIND_OF_SUBJECT_WEAK: dict[str, str] = dict.fromkeys(
    ("producer", "writer", "musicComposer", "narrator", "distributor", "productionCompany", "executiveProducer"), "film"
)
"""The same for relations that albums, games and songs have too; asked where the others say nothing."""

KIND_OF_OBJECT: dict[str, str] = {
    **dict.fromkeys(
        (
            "director", "starring", "writer", "producer", "cinematography", "editing", "musicComposer", "narrator",
            "author", "composer", "executiveProducer", "editor", "person", "creator", "presenter", "voice", "spouse",
            "guest", "lyrics", "P57", "P161", "P58", "P162", "P86", "P344", "P1040",
        ),
        "person",
    ),
    **dict.fromkeys(("genre", "stylisticOrigin", "P136"), "genre"),
    **dict.fromkeys(("country", "location", "birthPlace", "deathPlace", "hometown", "P495", "P840"), "place"),
    **dict.fromkeys(
        ("distributor", "productionCompany", "company", "network", "recordLabel", "studio", "publisher", "P272"),
        "organisation",
    ),
    **dict.fromkeys(("basedOn", "P144"), "work"),
}  # fmt: skip
"""The kind of entity that stands as tail of a relation, by the relation's local name."""


def local_name(iri: pl.Expr) -> pl.Expr:
    """Return what follows the last ``/`` or ``#`` of an IRI."""
    return iri.str.extract(r"([^/#]*)[/#]?$")
