"""Secrets of AWS Secrets Manager, read when they are asked for and cached."""

import json
from urllib.parse import quote

from aws_secretsmanager_caching import SecretCache

_cache = SecretCache()


def get(name, key=None):
    """The current value of a secret, or of one key of its JSON."""
    value = _cache.get_secret_string(name)
    return value if key is None else json.loads(value)[key]


def url(scheme, name):
    """The connection URL of a secret with the standard fields of a database."""
    fields = json.loads(_cache.get_secret_string(name))
    user = ":".join(quote(fields[key], safe="") for key in ("username", "password"))
    port, path = (sign + str(fields[key]) if fields.get(key) else "" for sign, key in ((":", "port"), ("/", "dbname")))
    return f"{scheme}://{user}@{fields['host']}{port}{path}"
