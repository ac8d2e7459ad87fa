"""The fixed program that the code of a release is given, to tell what migrations it holds.

It runs inside the project (``manage.py shell -c``), with whatever Python (3.6 on) and Django (2.2 on) that has; it
imports nothing of ours, opens no connection and prints one line of JSON behind a mark.
"""

from __future__ import annotations

import json

MARK = "goaround-migrations:"


def marked(out: str) -> str:
    """What stands behind the last mark of an output: one line of JSON; empty: there is no mark."""
    line = next((line for line in reversed(out.splitlines()) if line.startswith(MARK)), "")
    return line.removeprefix(MARK)


_SCRIPT = r"""
def _goaround(alias, recorded):
    import json, os, sys
    import django
    from django.apps import apps
    from django.conf import settings
    from django.db import migrations, models, router
    from django.db.backends.utils import truncate_name
    from django.db.migrations import loader as loading

    told = dict((tuple(one), None) for one in recorded)

    class Told(object):
        def __init__(self, connection):
            pass

        def applied_migrations(self):
            return dict(told)

    # What was squashed stands in the graph as it does for the database: by its parts where only some are recorded.
    loading.MigrationRecorder = Told
    try:
        loader = loading.MigrationLoader(Told(None), ignore_no_migrations=True)
    except Exception:  # the record does not fit this code: told is what the code holds
        loader = loading.MigrationLoader(None, ignore_no_migrations=True)
    graph = loader.graph

    def belongs(app, name, options):
        swapped = getattr(settings, options.get("swappable") or "", None)
        if swapped and str(swapped).lower() != app.lower() + "." + name.lower():
            return False
        try:
            return router.allow_migrate(alias, app, model_name=name.lower())
        except Exception:  # a router that wants to see the model itself
            return True

    def flat(ops):
        for op in ops:
            if isinstance(op, migrations.SeparateDatabaseAndState):
                for inner in flat(op.database_operations):
                    yield inner
            else:
                yield op

    def words(op):
        code = getattr(op, "code", None)
        name = getattr(code, "__name__", "")
        text = str(op.describe())
        return text + " (" + name + ")" if name and name != "noop" else text

    def undoes_nothing(op):
        if isinstance(op, migrations.RunPython):
            return op.reverse_code is migrations.RunPython.noop and op.code is not migrations.RunPython.noop
        if isinstance(op, migrations.RunSQL):
            return op.reverse_sql is not None and not op.reverse_sql and bool(op.sql)
        return isinstance(op, (migrations.RemoveField, migrations.DeleteModel))

    SEEN = (migrations.CreateModel, migrations.AddField, migrations.AlterModelOptions, migrations.AlterModelManagers)
    tables = {}  # (app, model) -> {"table", "named", "owner", "fields": {name: [kind, name in the database, owner]}}

    def cut(name):
        return truncate_name(name.replace('"', ""), 63)

    def field_of(model, name, field, owner):
        if getattr(field, "many_to_many", False):
            if getattr(field.remote_field, "through", None) is not None:
                return None
            named = getattr(field, "db_table", None)
            return ["table", named or cut(model["table"] + "_" + name), owner, bool(named)]
        column = getattr(field, "db_column", None)
        if not column:
            column = name + "_id" if isinstance(field, models.ForeignKey) else name
        return ["column", column, owner, True]

    def rename_table(model, table):
        for name, one in model["fields"].items():
            if one is not None and one[0] == "table" and not one[3]:
                one[1] = cut(table + "_" + name)
        model["table"] = table

    def apply(app, op, owner):
        if isinstance(op, migrations.SeparateDatabaseAndState):
            for inner in op.state_operations:
                apply(app, inner, None)
            for inner in op.database_operations:
                if isinstance(inner, (migrations.CreateModel, migrations.AddField)):
                    apply(app, inner, owner)
            return
        if isinstance(op, migrations.CreateModel):
            key = (app, op.name.lower())
            options = op.options or {}
            if options.get("proxy") or options.get("managed") is False or not belongs(app, op.name, options):
                return
            model = {"table": options.get("db_table") or cut(app + "_" + op.name.lower()), "owner": owner, "fields": {}}
            model["named"] = bool(options.get("db_table"))
            for name, field in op.fields:
                model["fields"][name.lower()] = field_of(model, name, field, owner)
            tables[key] = model
            return
        if isinstance(op, migrations.RenameModel):
            model = tables.pop((app, op.old_name.lower()), None)
            if model is not None:
                tables[(app, op.new_name.lower())] = model
                if not model["named"]:
                    rename_table(model, cut(app + "_" + op.new_name.lower()))
            return
        if isinstance(op, migrations.DeleteModel):
            tables.pop((app, op.name.lower()), None)
            return
        if isinstance(op, migrations.AlterModelTable):
            model = tables.get((app, op.name.lower()))
            if model is not None:
                model["named"] = bool(op.table)
                rename_table(model, op.table or cut(app + "_" + op.name.lower()))
            return
        model = tables.get((app, str(getattr(op, "model_name", "")).lower()))
        if model is None:
            return
        if isinstance(op, migrations.AddField):
            model["fields"][op.name.lower()] = field_of(model, op.name, op.field, owner)
        elif isinstance(op, migrations.RemoveField):
            model["fields"].pop(op.name.lower(), None)
        elif isinstance(op, migrations.AlterField):
            old = model["fields"].get(op.name.lower())
            model["fields"][op.name.lower()] = field_of(model, op.name, op.field, old[2] if old else None)
        elif isinstance(op, migrations.RenameField):
            old = model["fields"].pop(op.old_name.lower(), None)
            if old is not None:
                if old[0] == "table" and not old[3]:
                    old[1] = cut(model["table"] + "_" + op.new_name)
                elif old[1] == op.old_name:
                    old[1] = op.new_name
                elif old[1] == op.old_name + "_id":
                    old[1] = op.new_name + "_id"
            model["fields"][op.new_name.lower()] = old

    order, seen = [], set()
    for leaf in sorted(graph.leaf_nodes()):
        for key in graph.forwards_plan(leaf):
            if key not in seen:
                seen.add(key)
                order.append(key)
    def run(keys):
        for key in keys:
            migration = graph.nodes[key]
            for op in migration.operations if migration is not None else ():
                try:
                    apply(key[0], op, key)
                except Exception:  # an operation of somebody's own: what it drops is not known, the SQL tells
                    pass

    def owned(keys):
        for model in tables.values():
            if model["owner"] in keys:
                drops.setdefault(model["owner"], []).append([model["table"], ""])
            for one in model["fields"].values():
                if one is not None and one[2] in keys:
                    row = [one[1], ""] if one[0] == "table" else [model["table"], one[1]]
                    drops.setdefault(one[2], []).append(row)

    def is_applied(key):
        parts = graph.nodes[key].replaces if graph.nodes[key] is not None else ()
        return key in there or bool(parts and all(tuple(part) in there for part in parts))

    # Names are those of the database: what is recorded first, and only then what is not.
    there = set(tuple(one) for one in recorded)
    applied = [key for key in order if is_applied(key)] if there else order
    rest = [key for key in order if key not in set(applied)]
    drops = {}
    run(applied)
    owned(set(applied))
    run(rest)
    owned(set(rest))
    rows = []
    for key in order + sorted(set(loader.disk_migrations) - seen):
        migration = loader.disk_migrations[key]
        ops = list(flat(migration.operations))
        rows.append({
            "app": key[0],
            "name": key[1],
            "parents": sorted(list(p.key) for p in graph.node_map[key].parents) if key in seen else [],
            "replaces": [list(one) for one in migration.replaces],
            "atomic": bool(migration.atomic) and not any(
                isinstance(op, migrations.RunPython) and op.atomic is False for op in ops
            ),
            "one_way": [words(op) for op in ops if not op.reversible],
            "noops": [words(op) for op in ops if op.reversible and undoes_nothing(op)],
            "unseen": [words(op) for op in ops if not isinstance(op, SEEN)],
            "drops": drops.get(key, []),
        })
    here = os.getcwd() + os.sep
    own = [
        config.label
        for config in apps.get_app_configs()
        if config.path.startswith(here) and "site-packages" not in config.path and "dist-packages" not in config.path
    ]
    database = str(settings.DATABASES.get(alias, {}).get("NAME", ""))
    found = {"django": django.get_version(), "database": database, "own": own, "migrations": rows}
    sys.stdout.write("\n@MARK@" + json.dumps(found) + "\n")
    sys.stdout.flush()


_goaround(@ALIAS@, @RECORDED@)
"""


MOST = 60_000
"""Characters of what is recorded that are told to the program: an argument has its limit."""


def script(alias: str, recorded: list[list[str]] | None = None) -> str:
    """The program, for Django's database of this alias; ``recorded``: app and name of what is applied there."""
    told = json.dumps(recorded or [])
    text = _SCRIPT.replace("@MARK@", MARK).replace("@ALIAS@", json.dumps(alias))
    return text.replace("@RECORDED@", told if len(told) <= MOST else "[]")


_SQL = r"""
def _goaround(alias, wanted):
    import io, json, sys
    from django.core.management import call_command

    rows = []
    for app, name in wanted:
        out = io.StringIO()
        try:
            call_command("sqlmigrate", app, name, backwards=True, database=alias, stdout=out, no_color=True)
            rows.append([app, name, out.getvalue()])
        except Exception as error:  # told in its place; what cannot be written as SQL is no reason to stop
            rows.append([app, name, "-- sqlmigrate: " + str(error)])
    sys.stdout.write("\n@MARK@" + json.dumps(rows) + "\n")
    sys.stdout.flush()


_goaround(@ALIAS@, @WANTED@)
"""


def sql_script(alias: str, wanted: list[list[str]]) -> str:
    """The program that tells the SQL of reversals; ``wanted``: app and name of each migration."""
    text = _SQL.replace("@MARK@", MARK).replace("@ALIAS@", json.dumps(alias))
    return text.replace("@WANTED@", json.dumps(wanted))


LISTING = (
    "find . -path '*/migrations/*.py' ! -path '*/node_modules/*' ! -path '*/site-packages/*' "
    "! -path '*/dist-packages/*' -type f | head -n 20000"
)
"""For ``sh -c``, where Django cannot be set up: the files that look like migrations."""
