from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0005_fails_back")]
    operations = [migrations.AddField("order", "box", models.CharField(max_length=10, null=True))]
