from django.db import migrations


def fill(apps, schema_editor):
    person = apps.get_model("people", "Person")
    for one in person.objects.filter(id__lte=2):
        one.phone = f"+49 30 {one.id}"
        one.save()


class Migration(migrations.Migration):
    dependencies = [("people", "0002_person_phone")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
