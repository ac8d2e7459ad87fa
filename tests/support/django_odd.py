# ruff: noqa: E501
"""A Django project of the shapes that real ones have and tutorials do not, written into a folder.

A user model of its own, labels that are not the names of folders, migrations that lie elsewhere, squashed ones, a second
database with a router, `run_before`, a state that goes its own way, and settings that talk when they are imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

SETTINGS = """
import os, sys
print("*** welcome to odd, connecting to", os.environ["ODD"])
sys.stderr.write("warning: odd\\n")
SECRET_KEY = "x"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "accounts.apps.Accounts", "vendor.billing.apps.Billing", "stock", "audit"]
AUTH_USER_MODEL = "members.User"
MIGRATION_MODULES = {"pay": "dbmigrations.pay"}
DATABASE_ROUTERS = ["site_odd.router.Router"]
_one = {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["ODD_HOST"], "USER": "ops"}
DATABASES = {"default": dict(_one, NAME=os.environ["ODD"]), "other": dict(_one, NAME=os.environ["ODD_OTHER"])}
"""
ROUTER = """
class Router:
    def db_for_read(self, model, **hints): return "other" if model._meta.app_label == "audit" else None
    db_for_write = db_for_read
    def allow_migrate(self, db, app_label, model_name=None, **hints): return (db == "other") == (app_label == "audit")
"""
MANAGE = """
import os, sys, time
print("=== odd manage ===")
os.environ["DJANGO_SETTINGS_MODULE"] = "site_odd.settings"
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
print("=== bye ===")
"""
HEAD = "from django.conf import settings\nfrom django.db import migrations, models\nimport django.db.models.deletion\n"


def _migration(depends: str, operations: str, more: str = "") -> str:
    return f"{HEAD}\n\nclass Migration(migrations.Migration):\n    {more}\n    dependencies = [{depends}]\n    operations = [{operations}]\n"


ID = '("id", models.BigAutoField(primary_key=True))'
SKU = f'migrations.CreateModel("Item", [{ID}, ("sku", models.CharField(max_length=9, unique=True))])'
PRICE = 'migrations.AddField("item", "price", models.DecimalField(max_digits=9, decimal_places=2, null=True))'
FILL = "migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop, elidable=True)"
USER = """migrations.CreateModel("User", [("id", models.BigAutoField(primary_key=True)), ("password", models.CharField(max_length=128)),
("username", models.CharField(max_length=150, unique=True)), ("groups", models.ManyToManyField("auth.Group"))],
options={"swappable": "AUTH_USER_MODEL"})"""
BILL = f"""migrations.CreateModel("Bill", [{ID}, ("owner", models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT)),
("sum", models.PositiveIntegerField(default=0)), ("at", models.DateTimeField(db_index=True))],
options={{"constraints": [models.CheckConstraint(check=models.Q(sum__lt=1000), name="small")] if __import__("django").VERSION < (5, 1)
 else [models.CheckConstraint(condition=models.Q(sum__lt=1000), name="small")]}})"""
STATE = """migrations.SeparateDatabaseAndState(
    database_operations=[migrations.RunSQL("ALTER TABLE pay_bill ADD COLUMN note text", migrations.RunSQL.noop)],
    state_operations=[migrations.AddField("bill", "note", models.TextField(null=True))])"""
PARTS = """migrations.AddField("bill", "tags", models.JSONField(default=dict)),
migrations.AddIndex("bill", models.Index(fields=["owner", "-at"], name="bill_owner_at", condition=models.Q(sum__gt=0))),
migrations.AlterField("bill", "sum", models.PositiveBigIntegerField(default=0)),
migrations.AlterUniqueTogether("bill", {("owner", "at")})"""
MIGRATIONS = {
    "accounts/migrations/0001_initial.py": _migration(
        '("auth", "0012_alter_user_first_name_max_length")', USER, "initial = True"
    ),
    "dbmigrations/pay/0001_initial.py": _migration(
        "migrations.swappable_dependency(settings.AUTH_USER_MODEL)", BILL, "initial = True"
    ),
    "dbmigrations/pay/0002_note.py": _migration('("pay", "0001_initial")', STATE),
    "dbmigrations/pay/0003_parts.py": _migration('("pay", "0002_note")', PARTS),
    "stock/migrations/0001_initial.py": _migration("", SKU, "initial = True; run_before = [('pay', '0001_initial')]"),
    "stock/migrations/0002_price.py": _migration('("stock", "0001_initial")', f"{PRICE}, {FILL}"),
    "stock/migrations/0001_squashed_0002_price.py": _migration(
        "", f"{SKU}, {PRICE}", 'replaces = [("stock", "0001_initial"), ("stock", "0002_price")]; initial = True'
    ),
    "stock/migrations/0003_shelf.py": _migration(
        '("stock", "0002_price")', 'migrations.AddField("item", "shelf", models.CharField(max_length=5, null=True))'
    ),
    "audit/migrations/0001_initial.py": _migration(
        "", f'migrations.CreateModel("Entry", [{ID}, ("text", models.TextField())])', "initial = True"
    ),
}
"""File -> text. A release is a choice of them."""


def lay_out_odd(folder: Path, *without: str) -> Path:
    """The project; ``without``: ends of the migrations that this release does not have."""
    texts = {
        "bin/manage.py": MANAGE,
        "site_odd/settings.py": SETTINGS,
        "site_odd/router.py": ROUTER,
        "accounts/apps.py": "from django.apps import AppConfig\nclass Accounts(AppConfig):\n    name = 'accounts'\n    label = 'members'\n",
        "accounts/models.py": "from django.contrib.auth.base_user import AbstractBaseUser\nfrom django.db import models\n"
        "class User(AbstractBaseUser):\n    last_login = None\n    username = models.CharField(max_length=150, unique=True)\n"
        "    groups = models.ManyToManyField('auth.Group')\n    USERNAME_FIELD = 'username'\n    REQUIRED_FIELDS = []\n"
        "    class Meta:\n        app_label = 'members'\n        swappable = 'AUTH_USER_MODEL'\n",
        "vendor/billing/apps.py": "from django.apps import AppConfig\nclass Billing(AppConfig):\n    name = 'vendor.billing'\n    label = 'pay'\n",
        **{name: text for name, text in MIGRATIONS.items() if not name.endswith(without or ("\0",))},
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for parent in [*path.parents]:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    return folder


MANAGE_ODD = (sys.executable, "bin/manage.py")
