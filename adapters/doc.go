// Package adapters is the contract between Dray's engine and the applications it talks to.
//
// An [Application] is a kind of system (postgres, files, a declared REST application). It opens a [Connection], which offers
// what the system can do through small optional interfaces: [Source], [Destination], [Discoverer], [Transactional]. Whatever
// an adapter needs from outside comes in an [Env]: adapters open no sockets, files or environment variables of their own,
// because the rules about where data may go live in what the engine hands them.
//
// Adapters import this package, record and expr, and nothing else of Dray. They never see configuration files: settings
// arrive as validated JSON with every default filled in, and a mistake goes back as a [ConfigError] with the path of the field.
//
// What a failure leads to is decided by its [Kind] alone. Text that came from outside is [Untrusted] and never printed raw.
// The package adaptertest holds the tests that every adapter passes.
package adapters
