"""From embeddings to names: index, tracks, fusion, calibration, assignment."""
