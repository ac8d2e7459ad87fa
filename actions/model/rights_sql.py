"""SQL that asks which tables a role cannot fully use, and that fails where there are more than before. Pure.

A restore may bring every row back and yet leave them to another owner: then the application can read nothing. Both
statements are run as the application's role.
"""

from __future__ import annotations

from actions.model.database_names import do_block, literal

_LACKING = """
  SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT (has_schema_privilege(n.oid, 'USAGE') AND CASE c.relkind
      WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE')
      ELSE has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') END)
"""
LACKING_SQL = f"SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM ({_LACKING}) AS lacking"
"""One JSON value: the names, as PostgreSQL quotes them, of what the role cannot read and write."""


def rights_sql(before: tuple[str, ...]) -> str:
    """Fails, naming them, where the role lacks rights beyond those that it lacked ``before`` (``LACKING_SQL``)."""
    known = ", ".join(literal(name) for name in before)
    body = f"""DECLARE
  lost text;
BEGIN
  SELECT string_agg(name, ', ' ORDER BY name) INTO lost FROM ({_LACKING}) AS lacking
  WHERE name <> ALL (ARRAY[{known}]::text[]);
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION 'the role % has not the rights it had: it cannot read and write %', current_user, left(lost, 300);
  END IF;
END
"""
    return do_block(body)
