<?php

declare(strict_types=1);

use Aws\SecretsManager\SecretsManagerClient;

if (!class_exists(SecretsManagerClient::class)) {
    require_once __DIR__ . '/vendor/autoload.php';
}

/** Secrets of AWS Secrets Manager, read when they are asked for; a request has them until its end, a worker for five minutes. */
final class UnleakSecrets
{
    private const LIFETIME = 300;
    private static ?SecretsManagerClient $client = null;
    /** @var array<string, array{string, float}> */
    private static array $known = [];

    /** The current value of a secret, or of one key of its JSON. */
    public static function get(string $name, ?string $key = null): string
    {
        $value = self::current($name);
        if ($key === null) {
            return $value;
        }
        $found = json_decode($value, true, 512, JSON_THROW_ON_ERROR)[$key] ?? null;
        return is_string($found) ? $found : throw new RuntimeException("the secret $name has no key $key");
    }

    private static function current(string $name): string
    {
        [$value, $until] = self::$known[$name] ?? [null, 0];
        $now = hrtime(true) / 1e9;
        if ($value !== null && $now < $until) {
            return $value;
        }
        self::$client ??= new SecretsManagerClient(['version' => 'latest']);
        try {
            $answer = self::$client->getSecretValue(['SecretId' => $name, 'VersionStage' => 'AWSCURRENT']);
            $value = $answer['SecretString'] ?? throw new RuntimeException("the secret $name is not text");
        } catch (Exception $error) {
            // What was read before is used for as long again.
            $value ?? throw $error;
        }
        self::$known[$name] = [$value, $now + self::LIFETIME];
        return $value;
    }
}
