"""Runs in the environment of `face_recognition` (dlib) and knows nothing of StashAI: photographs in, encodings and times out.

    python dlib_worker.py LIST.json OUT.npz

LIST holds paths; OUT gets `vectors` of the face nearest the middle (N, 128; NaN where no face was found), `seconds` by the
clock and `cpu` seconds.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path


def main(listed: str, target: str) -> int:
    import numpy as np

    warnings.simplefilter("ignore")
    import face_recognition  # type: ignore[import-not-found, unused-ignore]  # in an environment of its own

    paths = json.loads(Path(listed).read_text(encoding="utf-8"))
    vectors = np.full((len(paths), 128), np.nan, np.float32)
    face_recognition.face_encodings(face_recognition.load_image_file(paths[0]))
    started, cpu = time.perf_counter(), time.process_time()
    for row, path in enumerate(paths):
        image = face_recognition.load_image_file(path)
        places = face_recognition.face_locations(image)
        if places:
            middle = np.array([(p[0] + p[2], p[1] + p[3]) for p in places]) / 2 - np.array(image.shape[:2]) / 2
            nearest = places[int(np.argmin(np.hypot(middle[:, 0], middle[:, 1])))]
            vectors[row] = face_recognition.face_encodings(image, [nearest])[0]
    np.savez(target, vectors=vectors, seconds=time.perf_counter() - started, cpu=time.process_time() - cpu)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
