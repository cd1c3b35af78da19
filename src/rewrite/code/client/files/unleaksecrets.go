// Package unleaksecrets reads secrets of AWS Secrets Manager when they are asked for, and caches them.
package unleaksecrets

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache"
)

var cache = newCache()

func newCache() *secretcache.Cache {
	cache, err := secretcache.New()
	if err != nil {
		panic(err)
	}
	return cache
}

// Get returns the current value of a secret and panics where it cannot be read.
func Get(name string) string {
	value, err := cache.GetSecretString(name)
	if err != nil {
		panic(fmt.Errorf("the secret %s: %w", name, err))
	}
	return value
}

// GetKey returns the current value of one key of a secret's JSON and panics where it cannot be read.
func GetKey(name, key string) string {
	value, ok := fields(name)[key].(string)
	if !ok {
		panic(fmt.Errorf("the secret %s has no key %s", name, key))
	}
	return value
}

// URL returns the connection URL of a secret with the standard fields of a database and panics where it cannot be read.
func URL(scheme, name string) string {
	address := GetKey(name, "host")
	values := fields(name)
	if port, ok := values["port"]; ok {
		address += ":" + fmt.Sprint(port)
	}
	if dbname, ok := values["dbname"]; ok {
		address += "/" + fmt.Sprint(dbname)
	}
	return scheme + "://" + encoded(GetKey(name, "username")) + ":" + encoded(GetKey(name, "password")) + "@" + address
}

func encoded(part string) string {
	return strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
}

func fields(name string) map[string]any {
	values := map[string]any{}
	if err := json.Unmarshal([]byte(Get(name)), &values); err != nil {
		panic(fmt.Errorf("the secret %s is no JSON object", name))
	}
	return values
}
