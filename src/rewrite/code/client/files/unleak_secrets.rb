# frozen_string_literal: true

require "aws-sdk-secretsmanager"
require "json"

# Secrets of AWS Secrets Manager, read when they are asked for and cached for five minutes.
module UnleakSecrets
  LIFETIME = 300
  @lock = Mutex.new
  @known = {}

  # The current value of a secret, or of one key of its JSON.
  def self.get(name, key = nil)
    value = @lock.synchronize { current(name) }
    key ? JSON.parse(value).fetch(key) { raise KeyError, "the secret #{name} has no key #{key}" } : value
  end

  def self.current(name)
    value, time = @known[name]
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    return value if value && now - time < LIFETIME

    @known[name] = [read(name, value), now]
    @known[name].first
  end

  def self.read(name, old)
    @client ||= Aws::SecretsManager::Client.new
    answer = @client.get_secret_value(secret_id: name, version_stage: "AWSCURRENT")
    answer.secret_string || raise("the secret #{name} is not text")
  rescue StandardError
    # What was read before is used for as long again.
    old || raise
  end
  private_class_method :current, :read
end
