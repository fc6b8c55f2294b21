"""The file of a multipart body, piece by piece as it comes: nothing of it is written anywhere but where it is to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from stashai.errors import UsageError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


class IncomingFile:
    """The first part of a request that is a file. Make one with `of`; then `name` is known, and `pieces` gives the bytes."""

    def __init__(self, request: Request, boundary: bytes) -> None:
        self.name = ""
        self._stream = request.stream()
        self._is_there = self._inside = False
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._arrived: list[bytes] = []
        callbacks: MultipartCallbacks = {
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._on_header,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._on_end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    @classmethod
    async def of(cls, request: Request) -> IncomingFile:
        """Raises UsageError for a body that is no form or brings no file."""
        kind, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _bad("it is no multipart/form-data")
        try:
            incoming = cls(request, boundary)
        except MultipartParseError as error:
            raise _bad(str(error)) from error
        while not incoming._is_there:
            if not await incoming._read():
                raise _bad("it brings no file")
        return incoming

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises UsageError when the client breaks off."""
        while True:
            arrived, self._arrived = self._arrived, []
            for piece in arrived:
                yield piece
            if not await self._read() and not self._arrived:
                break
        if self._inside:
            raise _bad("it ends in the middle of the file")

    async def _read(self) -> bool:
        """False at the end of the body."""
        try:
            chunk = await anext(self._stream, b"")
            if chunk:
                self._parser.write(chunk)
        except ClientDisconnect as error:
            raise _bad("it was broken off") from error
        except MultipartParseError as error:
            raise _bad(str(error)) from error
        return bool(chunk)

    def _on_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._headers = {}
        if b"filename" in options and not self._is_there:
            self._is_there = self._inside = True
            self.name = options[b"filename"].decode("utf-8", "replace")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._arrived.append(data[start:end])

    def _on_end(self) -> None:
        self._inside = False


def _bad(why: str) -> UsageError:
    return UsageError(f"The upload cannot be taken: {why}.", code="bad-upload", remedy="Send multipart/form-data with one file.")
