"""Networks: catalog, preparation, sessions, detection, alignment, embeddings, quality."""

import os

# ONNX Runtime reads this when it is imported. Otherwise it tells Microsoft of every session (since 1.29), with an id of the
# machine that it keeps in the user's cache: nothing may leave this machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
