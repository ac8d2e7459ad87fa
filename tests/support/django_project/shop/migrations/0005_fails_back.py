from django.db import migrations


def refuse(apps, schema_editor):
    raise ValueError("an order is still open")


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_order_place")]
    operations = [migrations.RunPython(migrations.RunPython.noop, refuse)]
