"""Names of files that are not valid Unicode, kept through databases and JSON.

Python hands over an undecodable byte 0x80–0xFF of a file name as a lone surrogate U+DC80–U+DCFF, which neither SQLite nor
UTF-8 JSON takes. Rows hold it as the private-use character U+F780–U+F7FF instead; `original` turns it back.
"""

from __future__ import annotations

_TO_ROW = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_FROM_ROW = {row: escape for escape, row in _TO_ROW.items()}


def storable(text: str) -> str:
    """`text` with surrogate escapes as private-use characters, so that it can be encoded."""
    return text.translate(_TO_ROW)


def original(text: str) -> str:
    """The inverse of `storable`: what the file system calls it."""
    return text.translate(_FROM_ROW)
