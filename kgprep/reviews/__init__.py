"""Reviews: read from corpora or collected from sites, attached to entities, cut into sentences that are ranked."""
