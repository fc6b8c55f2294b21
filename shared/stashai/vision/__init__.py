"""Networks: catalog, preparation, sessions, detection, alignment, embeddings, quality."""
