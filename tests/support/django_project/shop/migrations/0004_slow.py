from django.db import migrations, models


class Migration(migrations.Migration):
    """Not atomic, and slow: what was done before it was killed stays."""

    atomic = False
    dependencies = [("shop", "0003_totals")]
    operations = [
        migrations.AddField("order", "code", models.CharField(max_length=10, null=True)),
        migrations.RunSQL("SELECT pg_sleep(60)", migrations.RunSQL.noop),
    ]
