"""The linker as a spaCy component: ``nlp.add_pipe("kgprep_linker", config={"workspace": "workspaces/sample"})``.

spaCy finds the name by itself where kgprep is installed. Each document gets its links in ``doc.spans["kg"]``, with the
entity's kind-free label ENTITY and its IRI as ``kb_id_``, which displaCy shows. It works in one process: a copy that
spaCy forks with ``n_process`` would wait for ever for threads that were not copied, so it refuses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl
from spacy.language import Language
from spacy.tokens import Doc, Span

from kgprep.errors import KgprepError
from kgprep.linking.linker import THRESHOLD, EntityLinker

SPANS_KEY = "kg"


@dataclass(frozen=True)
class LinkerComponent:
    """A pipeline component that fills ``doc.spans["kg"]``."""

    linker: EntityLinker
    process: int = field(default_factory=os.getpid)
    """Where the linker was made."""

    def __call__(self, doc: Doc) -> Doc:
        """Link one document."""
        return next(self.pipe([doc]))

    def pipe(self, docs: Iterable[Doc], batch_size: int = 256) -> Iterator[Doc]:
        """Link documents in batches.

        Raises:
            KgprepError: the process is another than the one in which the linker was made.
        """
        if os.getpid() != self.process:
            raise KgprepError("kgprep_linker works in one process, with threads of its own: use n_process=1")
        waiting = iter(docs)
        while documents := list(islice(waiting, batch_size)):
            links = self.linker.link([doc.text for doc in documents]).partition_by("text", as_dict=True)
            for row, doc in enumerate(documents):
                found = links.get((row,))
                doc.spans[SPANS_KEY] = [] if found is None else _spans(doc, found)
                yield doc


def _spans(doc: Doc, links: pl.DataFrame) -> list[Span]:
    # A link inside a token is widened to it: spaCy's spans are made of tokens.
    spans = (
        doc.char_span(start, end, label="ENTITY", kb_id=iri, alignment_mode="expand")
        for start, end, iri in links.select("start", "end", "iri").rows()
    )
    return [span for span in spans if span is not None]


@Language.factory("kgprep_linker", default_config={"workspace": "", "threshold": THRESHOLD})
def make_component(nlp: Language, name: str, workspace: str, threshold: float) -> LinkerComponent:
    """Make the component for a pipeline."""
    return LinkerComponent(EntityLinker.from_bundle(Path(workspace), threshold))
