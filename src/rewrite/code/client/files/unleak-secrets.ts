// Secrets of AWS Secrets Manager, read when they are asked for and cached for five minutes.

import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

type Database = { username: string; password: string; host: string; port?: string | number; dbname?: string };
type Entry = { value: Promise<string>; until: number };

const LIFETIME = 5 * 60 * 1000;
const client = new SecretsManagerClient({});
const cache = new Map<string, Entry>();

// The current value of a secret, or of one key of its JSON.
export async function get(name: string, key?: string): Promise<string> {
  let entry = cache.get(name);
  if (entry === undefined || entry.until <= Date.now()) {
    entry = { value: read(name, entry), until: Date.now() + LIFETIME };
    cache.set(name, entry);
  }
  const value = await entry.value;
  if (key === undefined) {
    return value;
  }
  const found = (JSON.parse(value) as Record<string, string | undefined>)[key];
  if (found === undefined) {
    throw new Error(`the secret ${name} has no key ${key}`);
  }
  return found;
}

// The connection URL of a secret with the standard fields of a database.
export async function url(scheme: string, name: string): Promise<string> {
  const { username, password, host, port, dbname } = JSON.parse(await get(name)) as Database;
  const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  return `${scheme}://${user}@${host}${port ? `:${port}` : ""}${dbname ? `/${dbname}` : ""}`;
}

async function read(name: string, known: Entry | undefined): Promise<string> {
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
