"""The ledger held against the database and the site: each promise, and every place where it was not kept."""

import threading
from typing import Any

import psycopg

from faults.client import Client
from faults.cluster import Cluster
from faults.ledger import Entry, Ledger

#: Seconds past the hold, and past every lifetime that a client asked for.
AFTER_HOLD, AFTER_ALL = 300, 8 * 86400


def two_holders(ledger: Ledger) -> list[str]:
    return [entry.secret_id for entry in ledger.entries if len(entry.holders) > 1]


def lost_in_the_window(ledger: Ledger) -> list[str]:
    """Openings that nobody got though nobody else was there, or that broke off for who had won."""
    return [
        f"{entry.secret_id}: {entry.lost or 'every claim refused'}"
        for entry in ledger.entries
        if entry.claimed_at and entry.confirmed_at and not entry.holders
    ]


def not_openable(opener: Client, ledger: Ledger) -> list[str]:
    """Confirmed, never opened or burned, and yet not to be had: each is opened now."""
    waiting = ledger.waiting()
    for entry in waiting:
        opener.open(entry, rivals=False)
    return [f"{entry.secret_id}: {entry.lost or 'refused'}" for entry in waiting if not entry.holders]


def rows(cluster: Cluster, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(cluster.database(cluster.postgres_port), autocommit=True) as connection:
        return connection.execute(query, values).fetchall()


def kept_after_its_end(cluster: Cluster, ledger: Ledger) -> list[str]:
    """Acknowledged or burned, and yet with content in the database."""
    ended = {entry.secret_id: entry for entry in ledger.entries if entry.acknowledged or entry.burned}
    with_content = rows(
        cluster, "SELECT id FROM secrets_app_secret WHERE content IS NOT NULL OR segments > 0"
    ) + rows(cluster, "SELECT DISTINCT secret_id FROM secrets_app_segment")
    return sorted({row[0].hex for row in with_content} & set(ended))


def kept_after_the_hold(cluster: Cluster) -> list[str]:
    """Opened, the hold over and the purge run, and yet with content."""
    cluster.set_clock(AFTER_HOLD)
    cluster.manage("housekeeping")
    query = "SELECT id FROM secrets_app_secret WHERE state <> 'new' AND (content IS NOT NULL OR segments > 0)"
    return [row[0].hex for row in rows(cluster, query)]


def kept_after_all(cluster: Cluster) -> list[str]:
    """Every lifetime over, every upload abandoned, the purge run: nothing is left that holds content."""
    cluster.set_clock(AFTER_ALL)
    cluster.manage("housekeeping")
    left = [
        row[0].hex for row in rows(cluster, "SELECT id FROM secrets_app_secret WHERE content IS NOT NULL")
    ]
    left += [f"segment of {row[0].hex}" for row in rows(cluster, "SELECT secret_id FROM secrets_app_segment")]
    left += [f"upload {row[0].hex}" for row in rows(cluster, "SELECT id FROM secrets_app_upload")]
    return left


def unknown(cluster: Cluster, ledger: Ledger) -> list[str]:
    """Confirmed, and no row at all: nothing that was confirmed may vanish."""
    stored = {row[0].hex for row in rows(cluster, "SELECT id FROM secrets_app_secret")}
    return [
        entry.secret_id for entry in ledger.entries if entry.confirmed_at and entry.secret_id not in stored
    ]


def promises(cluster: Cluster, ledger: Ledger, opener: Client) -> dict[str, list[str]]:
    """What can be told without moving the clock."""
    return {
        "no confirmed secret vanished": unknown(cluster, ledger),
        "no content reached two holders": two_holders(ledger),
        "nothing was lost that its holder could not fetch again": lost_in_the_window(ledger),
        "every confirmed secret that nobody had opened or burned opened": not_openable(opener, ledger),
        "nothing acknowledged or burned was left in the database": kept_after_its_end(cluster, ledger),
    }


def verdicts(cluster: Cluster, ledger: Ledger, opener: Client | None = None) -> dict[str, list[str]]:
    """Each promise and where it was broken; in this order, for the last ones move the clock."""
    opener = opener or Client(cluster.site_port, ledger, threading.Event(), 0)
    return {
        **promises(cluster, ledger, opener),
        "no content was left after its hold": kept_after_the_hold(cluster),
        "no content was left after its lifetime": kept_after_all(cluster),
    }


def opened(entries: list[Entry]) -> int:
    return sum(bool(entry.holders) for entry in entries)
