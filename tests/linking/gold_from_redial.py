"""Gold sets for the linker made of ReDial itself: film tags replaced by titles as people write them, and small talk.

``python tests/linking/gold_from_redial.py --data REDIAL -w WORKSPACE --out FOLDER`` writes one file a variant and one
of messages that name nothing. A workspace without a graph is built first, from REDIAL and the dumps beside it.

Notable here:
- only the titles put in place are judged: everything outside them is doubtful, so that a link elsewhere counts neither
  right nor wrong, while one that cuts into a title or goes beyond it is false;
- a message's context is what the data set marks in earlier turns of its dialogue, never in its own;
- a title that a variant cannot write its way (no year, one word) is put in place as it is and not judged; so is one
  of an item that the graph does not have. Both are counted.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import ENTITIES, ITEMS, MENTIONS, UTTERANCES, read_table
from kgprep.kg.build import KgConfig, build_kg

TURN = ("dialogue_id", "turn")
LEAST_WITHOUT_NAMES = 300

NOT_IN_GRAPH = "mentions of items that are not in the graph"
NOT_WRITTEN_SO = "mentions whose title cannot be written this way"
NO_TITLE = "mentions of items that have no title, but a year in brackets at most"

GREETINGS_AND_THANKS = """
hi hello hey heya hiya howdy greetings yo morning afternoon evening night goodnight day bye goodbye byebye cya later
welcome thanks thank thankyou thx thnx ty tysm cheers please sorry pardon care
good great nice well fine okay ok okey k alright oh ah aha ahh um uh hmm hm haha hahaha lol wow yay
yes yeah yea yep yup ya no nope nah sure
"""
FUNCTION_WORDS = """
a an the this that these those i me my mine myself you your yours yourself u ur he him his she her hers it its we us our
ours they them their theirs who whom whose which what where when why how there here
and or but so if then than because as though although while until since not nor either neither both
of in on at by for with about to from into onto over under after before between through during without up down out off
am is are was were be been being do does did doing done have has had having can could will would shall should may might
must let
some any all many much more most few little lot lots other others another each every one ones none such only just also
too very really quite again still yet now never ever always already maybe perhaps anything something nothing everything
anyone someone everyone
i'm i've i'll i'd you're you've you'll you'd he's she's it's we're we've we'll they're they've that's there's here's
what's who's how's where's let's don't doesn't didn't isn't aren't wasn't weren't haven't hasn't hadn't can't couldn't
won't wouldn't shouldn't dont doesnt didnt isnt havent cant im ive ill id youre thats whats hows
"""
WORDS_THAT_NAME_NOTHING = tuple((GREETINGS_AND_THANKS + FUNCTION_WORDS).split())

_WORD = r"[\p{L}\p{N}]+(?:['’][\p{L}]+)*"
_CAPITAL_IN_MID_SENTENCE = r"[^.!?\s][\"'(]?\s+[\"'(*]*(?:[\p{Lu}--I]\w*|I\w+)"
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_ARTICLE_AT_THE_END = re.compile(r"^(?P<rest>.+), (?P<article>The|A|An)$", re.IGNORECASE)
_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

Written = tuple[str, str, str]
"""What stands before the title, the title, and what stands after it."""


@dataclass
class TitleSet:
    """One variant: the lines of its file, the number of titles judged, and what was left out and why."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    mentions: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def redial_bundle(data: Path, workspace: Path) -> None:
    """Build the graph and the dialogues' tables from ReDial's folder and the dumps beside it."""
    dumps = tuple(sorted((data.parent / "dbpedia").glob("*.ttl.bz2")))
    build_kg(workspace, KgConfig(dialogues=f"redial:{data}", dumps=dumps))


def titles_in_place(
    workspace: Path, split: str = "test", seed: int = 0, most: int | None = None
) -> dict[str, TitleSet]:
    """Put titles in the place of tags, in every variant.

    Args:
        workspace: folder of a bundle of ReDial.
        split: the part of the data set.
        seed: of the sample and of the typos.
        most: a sample of so many messages; all where None.
    """
    tagged = _tagged_messages(workspace, split)
    if most is not None and most < tagged.height:
        tagged = tagged.sample(most, seed=seed).sort(TURN)
    return {variant: _variant(tagged, variant, seed) for variant in VARIANTS}


def messages_without_names(workspace: Path, most: int = LEAST_WITHOUT_NAMES, seed: int = 0) -> list[dict[str, Any]]:
    """Draw messages that hold greetings, thanks and function words alone, no two of the same words.

    Args:
        workspace: folder of a bundle of ReDial.
        most: how many.
        seed: of the draw.
    """
    words = pl.col("text").str.replace_all("’", "'").str.to_lowercase().str.extract_all(_WORD)
    utterances = read_table(workspace, UTTERANCES).with_columns(words=words)
    silent = (
        utterances.filter(
            ~pl.col("text").str.contains("@"),
            ~pl.col("text").str.contains(_CAPITAL_IN_MID_SENTENCE),
            pl.col("words").list.len() > 0,
            pl.col("words").list.set_difference(pl.lit(list(WORDS_THAT_NAME_NOTHING))).list.len() == 0,
        )
        .sort(TURN)
        .unique(pl.col("words").list.join(" "), keep="first", maintain_order=True)
    )
    drawn = silent.sample(min(most, silent.height), seed=seed).sort(TURN)
    with_context = drawn.join(_said_before(workspace), on=TURN, how="left", maintain_order="left")
    return [
        {"text": text, "mentions": [], "context": context or []}
        for text, context in with_context.select("text", "context").rows()
    ]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write one JSON object a line and return the path."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def _tagged_messages(workspace: Path, split: str) -> pl.DataFrame:
    """Return dialogue_id, turn, text, tags list[struct] and context list[str] of messages with a film's tag."""
    utterances = read_table(workspace, UTTERANCES).filter(pl.col("split").cast(pl.String) == split)
    tags = (
        _gold(workspace)
        .with_columns(item_id=pl.col("word").str.strip_prefix("@"))
        .join(read_table(workspace, ITEMS).drop("entity_id", "score"), on="item_id")
        .sort(*TURN, "start")
        .group_by(TURN, maintain_order=True)
        .agg(tags=pl.struct("start", "end", "name", "year", "iri", pl.col("method").cast(pl.String)))
    )
    with_tags = utterances.select(*TURN, "text").join(tags, on=TURN)
    return with_tags.join(_said_before(workspace), on=TURN, how="left").sort(TURN)


def _gold(workspace: Path) -> pl.DataFrame:
    entities = read_table(workspace, ENTITIES).select("entity_id", "iri")
    mentions = read_table(workspace, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    return mentions.select(*TURN, "start", "end", "word", "entity_id").join(entities, on="entity_id")


def _said_before(workspace: Path) -> pl.DataFrame:
    """Return dialogue_id, turn, context list[str]: the IRIs marked in earlier turns, where there are any."""
    named = _gold(workspace).select("dialogue_id", pl.col("turn").alias("named_in"), "iri")
    turns = read_table(workspace, UTTERANCES).select(TURN)
    earlier = turns.lazy().join(named.lazy(), on="dialogue_id").filter(pl.col("named_in") < pl.col("turn"))
    return earlier.group_by(TURN).agg(context=pl.col("iri").unique().sort()).collect()


def _variant(tagged: pl.DataFrame, variant: str, seed: int) -> TitleSet:
    rng = random.Random(f"{seed} {variant}")
    made = TitleSet()
    for text, tags, context in tagged.select("text", "tags", "context").iter_rows():
        written, spans = "", []
        reached = 0
        for tag in tags:
            title = as_spoken(tag["name"])
            form, reason = _write(VARIANTS[variant], title, tag, rng)
            made.left_out.update([reason] if reason else [])
            before, name, after = form
            written += text[reached : tag["start"]] + before
            if not reason:
                spans.append(
                    {"start": len(written), "end": len(written) + len(name), "iris": [tag["iri"]], "kind": "film"}
                )
            written += name + after
            reached = tag["end"]
        written += text[reached:]
        if spans:
            optional = list(_gaps(spans, len(written)))
            made.lines.append({"text": written, "mentions": spans, "optional": optional, "context": context or []})
            made.mentions += len(spans)
    return made


def _write(
    write: Callable[[str, int | None, random.Random], Written | None],
    title: str,
    tag: Mapping[str, Any],
    rng: random.Random,
) -> tuple[Written, str | None]:
    """Return the title as the variant writes it, or as it is and the reason why it is not judged."""
    as_it_is = ("", title, "")
    if not re.search(r"^\w|[^\W\d_]", title):
        return as_it_is, NO_TITLE
    if tag["method"] == "isolated":
        return as_it_is, NOT_IN_GRAPH
    written = write(title, tag["year"], rng)
    return (written, None) if written else (as_it_is, NOT_WRITTEN_SO)


def as_spoken(title: str) -> str:
    """Move an article from the end of a title to its front: "Matrix, The" to "The Matrix"."""
    return _ARTICLE_AT_THE_END.sub(r"\g<article> \g<rest>", title)


def with_typo(title: str, rng: random.Random) -> str | None:
    """Make one typing error in a word of four letters or more; None for a title of one word or without such a word."""
    words = list(_LONG_WORD.finditer(title))
    if not words or len(title.split()) < 2:
        return None
    word = rng.choice(words)
    edit = rng.choice((_dropped, _doubled, _swapped, _beside))
    # A word of one letter repeated has nothing to swap, one beyond ASCII no keys beside it.
    misspelt = [result for result in edit(word[0]) if result != word[0]] or list(_dropped(word[0]))
    return title[: word.start()] + rng.choice(misspelt) + title[word.end() :]


def _dropped(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _doubled(word: str) -> Iterator[str]:
    return (word[:place] + word[place] + word[place:] for place in range(len(word)))


def _swapped(word: str) -> Iterator[str]:
    pairs = ((place, place + 1) for place in range(len(word) - 1))
    return (word[:left] + word[right] + word[left] + word[right + 1 :] for left, right in pairs)


def _beside(word: str) -> Iterator[str]:
    for place, letter in enumerate(word):
        for neighbour in _neighbours(letter.lower()):
            typed = neighbour.upper() if letter.isupper() else neighbour
            yield word[:place] + typed + word[place + 1 :]


def _neighbours(letter: str) -> str:
    """Return the keys to the left and the right of a letter."""
    for row in _KEY_ROWS:
        place = row.find(letter)
        if place >= 0:
            return row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    return ""


def _gaps(spans: list[dict[str, Any]], length: int) -> Iterator[dict[str, int]]:
    """Yield the places that no span covers."""
    begins = [0, *(span["end"] for span in spans)]
    ends = [*(span["start"] for span in spans), length]
    return ({"start": begin, "end": end} for begin, end in zip(begins, ends, strict=True) if begin < end)


def _plain(title: str, year: int | None, rng: random.Random) -> Written | None:
    return "", title, ""


def _with_year(title: str, year: int | None, rng: random.Random) -> Written | None:
    return None if year is None else ("", title, f" ({year})")


def _lower_cased(title: str, year: int | None, rng: random.Random) -> Written | None:
    return "", title.lower(), ""


def _quoted(title: str, year: int | None, rng: random.Random) -> Written | None:
    return '"', title, '"'


def _with_typo(title: str, year: int | None, rng: random.Random) -> Written | None:
    misspelt = with_typo(title, rng)
    return None if misspelt is None else ("", misspelt, "")


VARIANTS: Mapping[str, Callable[[str, int | None, random.Random], Written | None]] = {
    "plain": _plain,
    "with_year": _with_year,
    "lower_cased": _lower_cased,
    "quoted": _quoted,
    "with_typo": _with_typo,
}


def main() -> None:
    """Write the files and say what is in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="ReDial's folder")
    parser.add_argument("-w", "--workspace", type=Path, required=True, help="bundle of ReDial, built if absent")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, help="a sample of so many messages")
    options = parser.parse_args()
    if not ENTITIES.path(options.workspace).exists():
        redial_bundle(options.data, options.workspace)
    options.out.mkdir(parents=True, exist_ok=True)
    for variant, made in titles_in_place(options.workspace, options.split, options.seed, options.most).items():
        path = write_lines(options.out / f"{variant}.jsonl", made.lines)
        print(f"{path}: {len(made.lines):,} messages, {made.mentions:,} mentions")
        for reason, times in sorted(made.left_out.items()):
            print(f"  left out: {times:,} {reason}")
    silent = messages_without_names(options.workspace, seed=options.seed)
    path = write_lines(options.out / "without_names.jsonl", silent)
    print(f"{path}: {len(silent):,} messages")


if __name__ == "__main__":
    main()
