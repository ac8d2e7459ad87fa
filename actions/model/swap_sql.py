"""The SQL that swaps two databases by their names, and tells afterwards how they stand. Pure.

It is one statement, so that the server carries it to its end whatever becomes of the client: connections to the live
name are closed (which ends the race with whoever reconnects), sessions are ended, both names change in one transaction.
Where that fails the live name is opened again before the statement ends. Nothing is ever dropped here.
"""

from __future__ import annotations

from actions.model.database_names import do_block, ident, literal
from actions.model.quick_dataclass import dataclass

PATIENCE_S = 5
"""How long ended sessions may take to go."""


@dataclass(frozen=True)
class SwapNames:
    """Who takes whose place."""

    live: str
    """The name that the application knows."""
    side: str
    """The database that takes it."""
    kept: str
    """The name under which the present one is kept."""

    @property
    def back(self) -> SwapNames:
        """The way back: what was kept takes the live name again, what had taken it gets its own name back."""
        return SwapNames(self.live, self.kept, self.side)


def swap_sql(names: SwapNames, also: str = "") -> str:
    """To be run in another database than these, by their owner with CREATEDB (or a superuser), in autocommit.

    ``also``: statements of PL/pgSQL that belong to the swap: they come about with both names, or not at all.
    """
    live, side, kept = literal(names.live), literal(names.side), literal(names.kept)
    body = f"""DECLARE
  live CONSTANT text := {live};
  side CONSTANT text := {side};
  kept CONSTANT text := {kept};
  problem text := '';
BEGIN
  IF NOT EXISTS (SELECT FROM pg_database WHERE datname = live)
     OR NOT EXISTS (SELECT FROM pg_database WHERE datname = side)
     OR EXISTS (SELECT FROM pg_database WHERE datname = kept) THEN
    RAISE EXCEPTION 'the names are not as they were: nothing was changed';
  END IF;
  EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
  COMMIT;
  BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname IN (live, side) AND pid <> pg_backend_pid();
    FOR i IN 1..{PATIENCE_S * 500} LOOP
      PERFORM pg_stat_clear_snapshot();
      EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname IN (live, side));
      PERFORM pg_sleep(0.002);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, kept);
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', side, live);
    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
{also}  EXCEPTION WHEN query_canceled OR OTHERS THEN
    problem := SQLERRM;
  END;
  IF problem <> '' THEN
    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
    COMMIT;
    RAISE EXCEPTION 'nothing was swapped: %', problem;
  END IF;
  COMMIT;
END
"""
    return do_block(body)


def open_sql(name: str) -> str:
    """Lets connections in again: for when the server itself went down in the middle of a swap."""
    return f"ALTER DATABASE {ident(name)} ALLOW_CONNECTIONS true;\n"


def standing_sql(names: SwapNames) -> str:
    """One JSON value: of each of the names that is there, whether it lets connections in, and its oid."""
    wanted = ", ".join(literal(name) for name in (names.live, names.side, names.kept))
    return (
        "SELECT coalesce(json_object_agg(datname, json_build_array(datallowconn, oid::bigint)), '{}')"
        f" FROM pg_database WHERE datname IN ({wanted})"
    )


@dataclass(frozen=True)
class Standing:
    """How the names stand."""

    swapped: bool | None
    """None: as neither before nor after a swap."""
    open: bool
    """The live name lets connections in."""
    words: str


def standing(names: SwapNames, found: dict[str, list[object]]) -> Standing:
    """What ``standing_sql`` answered."""
    there = {name for name in (names.live, names.side, names.kept) if name in found}
    is_open = names.live in found and found[names.live][0] is True
    closed = "" if is_open else f"; {names.live} lets nobody in"
    if there == {names.live, names.side}:
        return Standing(False, is_open, f"{names.live} is as it was, {names.side} stands beside it{closed}")
    if there == {names.live, names.kept}:
        return Standing(True, is_open, f"{names.live} is the other one, the former is kept as {names.kept}{closed}")
    missing = sorted({names.live, names.side, names.kept} - there)
    return Standing(
        None, is_open, f"there is no {', '.join(missing) or 'name free'}: somebody else changed names{closed}"
    )
