from django.db import migrations


def total(apps, schema_editor):
    apps.get_model("shop", "Order").objects.filter(id__lte=3).update(total=100)


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_order_total")]
    operations = [
        migrations.RunPython(total, migrations.RunPython.noop),
        migrations.RunSQL("UPDATE shop_order SET number = upper(number)", migrations.RunSQL.noop),
    ]
