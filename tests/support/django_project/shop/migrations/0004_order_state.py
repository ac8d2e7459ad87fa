from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_totals")]
    operations = [migrations.AddField("order", "state", models.CharField(max_length=10, null=True))]
