"""Secrets of AWS Secrets Manager, read when they are asked for and cached."""

import json

from aws_secretsmanager_caching import SecretCache

_cache = SecretCache()


def get(name, key=None):
    """The current value of a secret, or of one key of its JSON."""
    value = _cache.get_secret_string(name)
    return value if key is None else json.loads(value)[key]
