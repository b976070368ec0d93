"""A small world in N-Triples: awkward titles, redirects, a self-loop, a duplicate, a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

RESOURCE = "http://dbpedia.org/resource/"

_PREFIXES = {
    "dbr": RESOURCE,
    "dbo": "http://dbpedia.org/ontology/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_FILES = {
    "objects.ttl": """
        dbr:Heat_(1995_film) dbo:director dbr:Michael_Mann
        dbr:Heat_(1995_film) dbo:starring dbr:Al_Pacino
        dbr:Heat_(1995_film) dbo:starring dbr:Al_Pacino
        dbr:Heat_(1995_film) dbo:starring dbr:Robert_De_Niro
        dbr:Heat_(1995_film) dbo:genre dbr:Crime_film
        dbr:Heat_(1995_film) dbo:previousWork dbr:Heat_(1995_film)
        dbr:Heat_(1995_film) dbo:wikiPageWikiLink dbr:Los_Angeles
        dbr:Heat_(1995_film) dct:subject dbr:Category:1995_films
        dbr:Heat_(1986_film) dbo:starring dbr:Burt_Reynolds
        dbr:Home_Alone dbo:director dbr:Chris_Columbus
        dbr:Home_Alone dbo:distributor dbr:20th_Century_Fox
        dbr:Home_Alone_(video_game) dbo:developer dbr:Bethesda
        dbr:American_Pie_(film) dbo:starring dbr:Jason_Biggs
        dbr:American_Pie_(film_series) dbo:distributor dbr:Universal_Pictures
        dbr:La_La_Land dbo:starring dbr:Emma_Stone
        dbr:Seven_(1995_film) dbo:director dbr:David_Fincher
        dbr:Seven_(1995_film) dbo:starring dbr:Morgan_Freeman
        dbr:The_Curious_Case_of_Benjamin_Button_(film) dbo:director dbr:David_Fincher
        dbr:Al_Pacino dbo:birthPlace dbr:New_York_City
        dbr:Robert_De_Niro dbo:birthPlace dbr:New_York_City
        dbr:New_York_City dbo:country dbr:United_States
    """,
    "labels.ttl": """
        dbr:Heat_(1995_film) rdfs:label "Heat (1995 film)"@en
        dbr:Heat_(1995_film) rdfs:label "盗火线"@zh
        dbr:Heat_(1986_film) rdfs:label "Heat (1986 film)"@en
        dbr:Home_Alone rdfs:label "Home Alone"@en
        dbr:Home_Alone_(video_game) rdfs:label "Home Alone (video game)"@en
        dbr:American_Pie_(film) rdfs:label "American Pie (film)"@en
        dbr:American_Pie_(film_series) rdfs:label "American Pie (film series)"@en
        dbr:La_La_Land rdfs:label "La La Land"@en
        dbr:La_La_Land_(film) rdfs:label "La La Land (film)"@en
        dbr:Seven_(1995_film) rdfs:label "Seven (1995 film)"@en
        dbr:Se7en rdfs:label "Se7en"@en
        dbr:Al_Pacino rdfs:label "Al Pacino"@en
        dbr:Al_Pacino rdfs:label "艾尔·帕西诺"@zh
        dbr:Michael_Mann rdfs:label "Michael Mann (director)"@en
        dbr:Crime_film rdfs:label "Crime film"@en
        dbr:New_York_City rdfs:label "New York City"@en
    """,
    "types.ttl": """
        dbr:Heat_(1995_film) rdf:type dbo:Film
        dbr:Heat_(1986_film) rdf:type dbo:Film
        dbr:American_Pie_(film) rdf:type dbo:Film
        dbr:La_La_Land_(film) rdf:type dbo:Film
        dbr:Seven_(1995_film) rdf:type dbo:Film
        dbr:Home_Alone_(video_game) rdf:type dbo:VideoGame
        dbr:Al_Pacino rdf:type dbo:Person
    """,
    "literals.ttl": """
        dbr:Heat_(1995_film) dbo:imdbId "0113277"^^xsd:string
        dbr:Home_Alone dbo:releaseDate "1990-11-10"^^xsd:date
        dbr:Al_Pacino foaf:name "Alfredo James Pacino"@en
        dbr:Al_Pacino dbo:abstract "An actor."@en
        dbr:Al_Pacino dbo:abstract "Un acteur."@fr
        dbr:Al_Pacino rdfs:comment "Short."@en
        dbr:Crime_film rdfs:comment "A genre\\nof films."@en
    """,
    "redirects.ttl": """
        dbr:Se7en dbo:wikiPageRedirects dbr:Seven_film
        dbr:Seven_film dbo:wikiPageRedirects dbr:Seven_(1995_film)
        dbr:Round dbo:wikiPageRedirects dbr:Robin
        dbr:Robin dbo:wikiPageRedirects dbr:Round
    """,
}


def _term(short: str) -> str:
    if short.startswith('"'):
        value, _, datatype = short.partition("^^")
        return f"{value}^^{_term(datatype)}" if datatype else value
    prefix, _, local = short.partition(":")
    return f"<{_PREFIXES[prefix]}{local}>"


def ntriples(short: str) -> str:
    """Write lines of prefixed terms as N-Triples."""
    rows = [line.split(None, 2) for line in short.strip().splitlines()]
    return "".join(" ".join(_term(term.strip()) for term in row) + " .\n" for row in rows)


@pytest.fixture
def dumps(tmp_path: Path) -> tuple[Path, ...]:
    """The world's dump files."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    for name, short in _FILES.items():
        (folder / name).write_text(ntriples(short), encoding="utf-8")
    return tuple(sorted(folder.iterdir()))


@pytest.fixture
def items_file(tmp_path: Path) -> Path:
    """Items that name the world's films, one that none knows among them."""
    path = tmp_path / "items.csv"
    path.write_text(
        "item_id,name,year,imdb_id\n"
        "1,Heat,1995,\n"
        "2,Heat,,tt0113277\n"
        "3,Home Alone,1990,\n"
        "4,American Pie,1999,\n"
        "5,La La Land,2016,\n"
        "6,Se7en,,\n"
        "a/7,Black Panther,2018,\n",
        encoding="utf-8",
    )
    return path
