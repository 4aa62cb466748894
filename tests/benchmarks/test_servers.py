"""The servers that are measured."""

import urllib.request
from pathlib import Path

from benchmarks import servers


def test_a_measured_site_answers_with_limits_counted_and_leaves_no_process_behind(tmp_path):
    """Limits that were off would not be part of what is measured; a server left running would be."""
    with servers.site("embedded", tmp_path / "site", f"sqlite:///{tmp_path / 'db.sqlite3'}", "") as server:
        assert server.first_answer > 0
        with urllib.request.urlopen(server.origin + "/api/v2/limits", timeout=5) as answer:
            assert answer.status == 200
        workers = servers.children(server.pid)
        assert len(workers) >= servers.WORKERS
        assert server.stock
        assert server.stock.environment["RATE_LIMITS"] == servers.RATES
        stock = server.stock.process
    assert not [pid for pid in (server.pid, *workers) if Path(f"/proc/{pid}").exists()]
    assert stock.returncode == 0
