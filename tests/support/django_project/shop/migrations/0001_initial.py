import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Order",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("number", models.CharField(max_length=30)),
                ("buyer", models.ForeignKey("people.Person", null=True, on_delete=django.db.models.deletion.SET_NULL)),
            ],
        ),
    ]
