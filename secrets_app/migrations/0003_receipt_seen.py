from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('secrets_app', '0002_owner_state_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='secret',
            name='receipt_seen',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
