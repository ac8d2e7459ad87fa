"""Settings that need their environment, as real ones do."""

import os

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "people", "shop"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["APP_DATABASE"],
        "HOST": os.environ.get("APP_DATABASE_HOST", ""),
        "USER": os.environ.get("APP_DATABASE_USER", "ops"),
    }
}
