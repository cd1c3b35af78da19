using System;
using System.Text.Json;
using System.Threading.Tasks;
using Amazon.SecretsManager.Extensions.Caching;

namespace Unleak
{
    /// <summary>Secrets of AWS Secrets Manager, read when they are asked for and cached.</summary>
    internal static class Secrets
    {
        private static readonly SecretsManagerCache Cache = new SecretsManagerCache();

        /// <summary>The current value of a secret.</summary>
        public static string Get(string name)
        {
            return Task.Run(() => Cache.GetSecretString(name)).GetAwaiter().GetResult()
                ?? throw new InvalidOperationException("the secret " + name + " is not text");
        }

        /// <summary>The current value of one key of a secret's JSON.</summary>
        public static string Get(string name, string key)
        {
            using (var values = JsonDocument.Parse(Get(name)))
            {
                return values.RootElement.GetProperty(key).GetString()
                    ?? throw new InvalidOperationException("the secret " + name + " has no key " + key);
            }
        }
    }
}
