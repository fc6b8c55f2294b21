"""Other answers of items that have their rows: more is known than when they were looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..text import storable
from .recording import Recording, merged_confidences
from .records import Claim, Outcome


class Revising(Recording):
    def revise(self, claim: Claim, outcomes: Sequence[Outcome]) -> None:
        """Replace what these units' rows say of people, and what the job's row sums up of them. A unit without a row, or whose row says
        that it could not be done, is left alone. Raises LeaseLost."""
        with self.database.write():
            for outcome in outcomes:
                scores = [float(score) for score in outcome.confidences]
                values: dict[str, object] = {
                    "response_data": outcome.data, "ai_model": outcome.ai_model, "performers_found": outcome.people_found,
                    "confidence_scores": json.dumps(scores) if scores else None, "max_confidence": max(scores, default=None),
                    "avg_confidence": sum(scores) / len(scores) if scores else None,
                }  # fmt: skip
                self.database.update(
                    "processing_tests", values, "job = ? AND unit = ? AND result = 'pass'", (claim.job.id, storable(outcome.unit))
                )
            self._sum_up(claim)

    def _sum_up(self, claim: Claim) -> None:
        query = "SELECT performers_found, confidence_scores FROM processing_tests WHERE job = ? AND result = 'pass'"
        rows = self.database.query(query, (claim.job.id,))
        scores = [score for _, kept in rows if kept for score in json.loads(kept)]
        values: dict[str, object] = {
            "performers_found_total": sum(found for found, _ in rows), "confidence_scores_summary": merged_confidences(None, scores)
        }  # fmt: skip
        self._fenced(claim, values)
