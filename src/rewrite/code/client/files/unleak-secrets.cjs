"use strict";

// Secrets of AWS Secrets Manager, read when they are asked for and cached for five minutes.

const { GetSecretValueCommand, SecretsManagerClient } = require("@aws-sdk/client-secrets-manager");

const LIFETIME = 5 * 60 * 1000;
const client = new SecretsManagerClient({});
const cache = new Map();

// The current value of a secret, or of one key of its JSON.
async function get(name, key) {
  let entry = cache.get(name);
  if (entry === undefined || entry.until <= Date.now()) {
    entry = { value: read(name, entry), until: Date.now() + LIFETIME };
    cache.set(name, entry);
  }
  const value = await entry.value;
  if (key === undefined) {
    return value;
  }
  const found = JSON.parse(value)[key];
  if (found === undefined) {
    throw new Error(`the secret ${name} has no key ${key}`);
  }
  return found;
}

// The connection URL of a secret with the standard fields of a database.
async function url(scheme, name) {
  const { username, password, host, port, dbname } = JSON.parse(await get(name));
  const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  return `${scheme}://${user}@${host}${port ? `:${port}` : ""}${dbname ? `/${dbname}` : ""}`;
}

async function read(name, known) {
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: name, VersionStage: "AWSCURRENT" }));
    if (answer.SecretString === undefined) {
      throw new Error(`the secret ${name} is not text`);
    }
    return answer.SecretString;
  } catch (error) {
    // What was read before is used for as long again; what never was is asked for again.
    if (known !== undefined) {
      return known.value;
    }
    cache.delete(name);
    throw error;
  }
}

exports.get = get;
exports.url = url;
