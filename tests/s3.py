"""A real S3 server on the loopback address for tests: moto's, in a process of its own."""

import contextlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.site import free_port


@dataclass
class Bucket:
    """An empty bucket; `url` is what FILES_URL takes."""

    url: str
    client: Any
    name: str

    def names(self) -> set[str]:
        return {each["Key"] for each in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])}

    def read(self, name: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=self.name, Key=name)["Body"].read()
        return data


@dataclass
class S3:
    port: int
    process: "subprocess.Popen[bytes]"
    made: int = 0

    def bucket(self) -> Bucket:
        import boto3

        self.made += 1
        name = f"segments-{self.made}"
        client = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="sec/ret",
        )  # fmt: skip
        client.create_bucket(Bucket=name)
        return Bucket(f"s3://key:sec%2Fret@127.0.0.1:{self.port}/{name}?region=us-east-1&tls=0", client, name)


@contextlib.contextmanager
def running_s3() -> Iterator[S3]:
    port = free_port()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=said,
            stderr=said,
        )
        try:
            _wait(port, process)
            yield S3(port, process)
        finally:
            process.kill()
            process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the S3 server ended at its start"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("the S3 server did not answer")
