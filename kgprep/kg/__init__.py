"""The knowledge graph: from dumps or an endpoint to the subgraph around a data set's items."""
