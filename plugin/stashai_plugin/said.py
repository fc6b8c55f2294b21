"""Sentences that pages show: in English, and as a code with parameters, by which a page says it in its own language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stashai.errors import StashAIError

Json = dict[str, Any]


def helps(error: StashAIError) -> str:
    """A row's text on what helps against an error, with what its sentences name."""
    return Said(error.code, error.remedy, error.params).kept if error.params else error.remedy


@dataclass(frozen=True, slots=True)
class Said:
    """`code` is kebab-case and stable, `params` are what the sentence names: numbers, names, paths."""

    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> Json:
        return {"code": self.code, "text": self.text, "params": dict(self.params)}

    @property
    def kept(self) -> str:
        """For a text column of a row."""
        return json.dumps(self.shown, ensure_ascii=False)

    @classmethod
    def read(cls, kept: str) -> Said:
        """From a row; one that others wrote is plain text."""
        try:
            value = json.loads(kept)
            return cls(str(value["code"]), str(value["text"]), dict(value["params"]))
        except (ValueError, TypeError, KeyError):
            return cls("", kept)
