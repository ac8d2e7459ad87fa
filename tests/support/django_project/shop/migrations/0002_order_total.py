from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial"), ("people", "0002_person_phone")]
    operations = [
        migrations.AddField("order", "sum", models.IntegerField(null=True)),
        migrations.RenameField("order", "sum", "total"),
        migrations.CreateModel(
            "Label",
            [("id", models.BigAutoField(primary_key=True)), ("text", models.CharField(max_length=30))],
            options={"db_table": "order labels"},
        ),
        migrations.AddField("order", "labels", models.ManyToManyField("shop.Label")),
    ]
