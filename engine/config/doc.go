// Package config turns the files of a repository into a validated, resolved [Model], with a position for every path.
//
// It owns loading (YAML and CUE), the checks in their layers, environment patches, and the model itself. It opens no network, no
// path outside the file system it is given, and no secret. The entry point is [Load].
package config
