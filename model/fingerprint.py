"""A hash of the tables that a model reads: what is kept of a bundle is refused when the bundle has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kgprep.artifacts import (
    ALIASES,
    EDGES,
    ENTITIES,
    MENTIONS,
    RELATIONS,
    TRIPLES,
    UTTERANCES,
    KgprepError,
    check_schema,
)

READ_TABLES = (ENTITIES, RELATIONS, EDGES, ALIASES, UTTERANCES, MENTIONS, TRIPLES)


def bundle_fingerprint(workspace: Path) -> str:
    """Return a hash of the tables that a model reads.

    Raises:
        KgprepError: a table is absent, unreadable or of another schema version.
    """
    digest = hashlib.sha256()
    for table in READ_TABLES:
        path = table.path(workspace)
        check_schema(table, path)
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def refuse_change(workspace: Path, bundle: str) -> None:
    """Refuse a workspace whose bundle no longer has the fingerprint `bundle`.

    Raises:
        KgprepError: it holds another bundle, or a table is absent.
    """
    if bundle_fingerprint(workspace) != bundle:
        raise KgprepError(
            f"{workspace} holds another bundle than when training began: train on it anew with --overwrite, and let no "
            "stage write to it meanwhile"
        )
