"""Whether a database does its work: the question that is asked of it, and what the answer means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.model.sensor_rules import Looked

SENSOR = "database.answers"
EXPECTED = "its role logs in, reads and writes"
LONG_S = 60
"""A query that runs longer is told."""
WAITS_S = 5
"""Who waits for a lock longer is told."""

ANSWERS_SQL = f"""BEGIN;
SET LOCAL statement_timeout = '5s';
SET LOCAL lock_timeout = '2s';
CREATE TEMPORARY TABLE goaround_looks (written int) ON COMMIT DROP;
INSERT INTO goaround_looks VALUES (1);
SELECT json_build_object(
  'role', current_user,
  'read', (SELECT count(*) FROM pg_class) > 0,
  'written', (SELECT sum(written) FROM goaround_looks),
  'long', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
           AND pid <> pg_backend_pid() AND query_start < clock_timestamp() - interval '{LONG_S} s'),
  'waiting', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
              AND state_change < clock_timestamp() - interval '{WAITS_S} s'),
  'idle', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
           AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '{LONG_S} s'));
ROLLBACK;
"""
"""Reads, and writes what nobody sees and nothing keeps, as the application's role; every part of it has a deadline."""


def answered(found: Mapping[str, Any]) -> Looked:
    """What the answer says."""
    role = str(found.get("role", "?"))
    if not found.get("read") or found.get("written") != 1:
        return Looked(False, f"{role} logs in, but cannot read or write", EXPECTED)
    troubles = []
    for key, one, more in (
        ("long", f"runs for over {LONG_S} s", f"run for over {LONG_S} s"),
        ("waiting", "waits for a lock", "wait for a lock"),
        ("idle", "is idle in a transaction", "are idle in a transaction"),
    ):
        count = int(found.get(key) or 0)
        if count:
            troubles.append(f"1 session {one}" if count == 1 else f"{count} sessions {more}")
    told = f"; {', '.join(troubles)}" if troubles else ""
    return Looked(True, f"{role} reads and writes{told}", EXPECTED)


def refused(words: str) -> Looked:
    """It was asked, and did not answer as it should."""
    return Looked(False, words, EXPECTED)
