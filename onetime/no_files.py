"""Files in forms that ask for none: read past, and kept nowhere."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class NoFiles(FileUploadHandler):
    def new_file(self, *_args: Any, **_kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, _data: bytes, _start: int) -> None:
        return None

    def file_complete(self, _size: int) -> None:
        return None
