from django.db import migrations


def shorten(apps, schema_editor):
    for one in apps.get_model("shop", "Order").objects.all():
        one.number = one.number[:3]
        one.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_totals")]
    operations = [migrations.RunPython(shorten)]
