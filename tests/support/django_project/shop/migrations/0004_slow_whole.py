from django.db import migrations, models


class Migration(migrations.Migration):
    """One transaction, and slow: the server goes on with it after its client was killed, and holds its locks."""

    dependencies = [("shop", "0003_totals")]
    operations = [
        migrations.AddField("order", "code", models.CharField(max_length=10, null=True)),
        migrations.RunSQL("SELECT pg_sleep(60)", migrations.RunSQL.noop),
    ]
