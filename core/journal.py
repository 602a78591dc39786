"""The journal: every decision of the core in an SQLite file, so that a new process can carry on.

Rules of this file: one connection per process; a write begins, commits and returns without asking the
Runtime for anything, so nothing of the core can happen between a decision and its being written down. What
was trusted is a decision like any other. No password is ever handed to it. WAL mode: a write that was cut
off by a crash leaves the file as it was before (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from cxsim.core.decisions import Decision

VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decision (
    number  INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    subject TEXT NOT NULL,
    event   TEXT NOT NULL,
    before  TEXT NOT NULL,
    after   TEXT NOT NULL,
    action  TEXT NOT NULL,
    facts   TEXT NOT NULL
)
"""


class JournalError(Exception):
    """The file is not a journal of this program, or of a later version of it."""


class SqliteJournal:
    """A journal in a file (`:memory:` for none). Several threads may use it, one at a time: the gate's lock
    sees to that. `durable` False leaves out waiting for the disk, for simulated processes.

    Raises `JournalError` for a file that is something else.
    """

    def __init__(self, path: str | Path, durable: bool = True) -> None:
        self._path = str(path)
        self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
            (found,) = self._database.execute("PRAGMA user_version").fetchone()
            if found > VERSION:
                raise JournalError(f"{self._path} was written by a later version ({found})")
            self._database.execute(_SCHEMA)
            self._database.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise JournalError(f"{self._path} is not a journal: {error}") from error
        except JournalError:
            self._database.close()
            raise

    def record(self, *decisions: Decision) -> None:
        """Write decisions down, all or none. Raises `sqlite3.Error` when that is not possible."""
        self._write(decisions, in_place_of_all=False)

    def replace(self, *decisions: Decision) -> bool:
        """Write decisions down in the place of everything, in one transaction. False when that is impossible
        (no space, say): then everything is as it was. Its pages are used again, so the file does not grow."""
        try:
            self._write(decisions, in_place_of_all=True)
        except sqlite3.Error:
            return False
        return True

    def _write(self, decisions: Sequence[Decision], in_place_of_all: bool) -> None:
        rows = [
            (d.machine, d.subject, d.event, d.before, d.after, d.action, json.dumps(d.facts, sort_keys=True))
            for d in decisions
        ]
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            if in_place_of_all:
                database.execute("DELETE FROM decision")
            database.executemany(
                "INSERT INTO decision (machine, subject, event, before, after, action, facts) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:  # SQLite has rolled back by itself after some errors
                database.execute("ROLLBACK")
            raise

    def decisions(self) -> Iterator[Decision]:
        """Everything that was written down, in order."""
        query = "SELECT machine, subject, event, before, after, action, facts FROM decision ORDER BY number"
        for row in self._database.execute(query).fetchall():
            machine, subject, event, before, after, action, facts = row
            yield Decision(machine, subject, event, before, after, action, json.loads(facts))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
