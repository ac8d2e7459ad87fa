"""The fixed program that the code of a release is given, to tell the tables of its models with and without migrations.

As ``django_script``: inside the project, with its own Python and Django, and one line of JSON behind a mark. The tables
are told as the statements with which Django would make them; they are run by nobody here.
"""

from __future__ import annotations

import json

from actions.steps.django_script import MARK, MOST

_SHAPES = r"""
def _goaround(alias, recorded, moves):
    import json, sys
    from django.db import connections, migrations, router
    from django.db.migrations import loader as loading

    there = set(tuple(one) for one in recorded)
    moved = [tuple(one) for one in moves]

    class Told(object):
        def __init__(self, connection):
            pass

        def applied_migrations(self):
            return dict((one, None) for one in there)

    loading.MigrationRecorder = Told
    connection = connections[alias]
    loader = loading.MigrationLoader(connection, ignore_no_migrations=True)
    graph = loader.graph

    def whole(keys):
        found = []
        for key in graph.nodes:
            parts = [tuple(one) for one in graph.nodes[key].replaces] if graph.nodes[key] is not None else []
            if key in keys or (parts and all(part in keys for part in parts)):
                found.append(key)
        return found

    def statements(model):
        editor = connection.schema_editor(collect_sql=True, atomic=False)
        with editor:
            kept = type(editor).create_model
            editor.create_model = lambda other: None  # tables between two models are told by themselves
            kept(editor, model)
        return [str(one) for one in editor.collected_sql if "FOREIGN KEY" not in str(one)]

    def keys_of(model):
        found = []
        for field in model._meta.local_fields:
            other = getattr(field, "remote_field", None)
            if other is None or not getattr(field, "db_constraint", False):
                continue
            if not hasattr(field, "foreign_related_fields"):
                continue
            for target in field.foreign_related_fields:
                found.append([field.column, target.model._meta.db_table, target.column])
        return found

    def shape(keys):
        state = loader.project_state(whole(keys)) if whole(keys) else None
        tables = {}
        for model in state.apps.get_models(include_auto_created=True) if state is not None else ():
            meta = model._meta
            if meta.proxy or not meta.managed or meta.swapped or meta.app_label in loader.unmigrated_apps:
                continue
            if not router.allow_migrate_model(alias, model):
                continue
            named = [one.name for one in list(meta.indexes) + list(meta.constraints) if getattr(one, "name", "")]
            tables[meta.db_table] = [statements(model), keys_of(model), named]
        return tables

    plain = (
        migrations.CreateModel, migrations.DeleteModel, migrations.RenameModel, migrations.AlterModelTable,
        migrations.AddField, migrations.RemoveField, migrations.AlterField, migrations.RenameField,
        migrations.AlterUniqueTogether, migrations.AlterIndexTogether, migrations.AlterOrderWithRespectTo,
        migrations.AddIndex, migrations.RemoveIndex, migrations.AddConstraint, migrations.RemoveConstraint,
        migrations.AlterModelOptions, migrations.AlterModelManagers,
    ) + tuple(getattr(migrations, name) for name in ("RenameIndex",) if hasattr(migrations, name))

    def hidden(ops):
        for op in ops:
            if isinstance(op, migrations.SeparateDatabaseAndState):
                for inner in hidden(op.database_operations):
                    yield inner
            elif not isinstance(op, plain):
                code = getattr(getattr(op, "code", None), "__name__", "")
                yield str(op.describe()) + (" (" + code + ")" if code and code != "noop" else "")

    unseen = []
    for key in moved:
        if key not in loader.disk_migrations:
            unseen.append(".".join(key) + " is not in this code")
            continue
        unseen += [".".join(key) + ": " + words for words in hidden(loader.disk_migrations[key].operations)]
    found = {"with": shape(there | set(moved)), "without": shape(there - set(moved)), "unseen": unseen}
    sys.stdout.write("\n@MARK@" + json.dumps(found) + "\n")
    sys.stdout.flush()


_goaround(@ALIAS@, @RECORDED@, @MOVES@)
"""


def shapes_script(alias: str, recorded: list[list[str]], moves: list[list[str]]) -> str:
    """The program; ``moves``: app and name of those with and without which. Raises ValueError for more than fits."""
    told = json.dumps(recorded)
    if len(told) > MOST:
        raise ValueError("more migrations are recorded than can be told to a program")
    text = _SHAPES.replace("@MARK@", MARK).replace("@ALIAS@", json.dumps(alias))
    return text.replace("@RECORDED@", told).replace("@MOVES@", json.dumps(moves))
