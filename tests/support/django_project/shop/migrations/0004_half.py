from django.db import migrations, models


class Migration(migrations.Migration):
    """Not atomic: the column stays when the index cannot be built, and an invalid index stays with it."""

    atomic = False
    dependencies = [("shop", "0003_totals")]
    operations = [
        migrations.AddField("order", "code", models.CharField(max_length=10, null=True)),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY shop_order_number_key ON shop_order (number)",
            "DROP INDEX CONCURRENTLY IF EXISTS shop_order_number_key",
        ),
    ]
