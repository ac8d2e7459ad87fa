from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [migrations.AddField("person", "phone", models.CharField(max_length=30, null=True))]
