from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0004_order_state")]
    operations = [AddIndexConcurrently("order", models.Index(fields=["number"], name="shop_order_number_idx"))]
