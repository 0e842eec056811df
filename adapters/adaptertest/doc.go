// Package adaptertest holds the tests that every adapter passes, and the surroundings they run in.
//
// An adapter's test builds a [Harness]: the application, what it says it can do, and how to make a fresh target that the kit can
// fill and look into behind the adapter's back. [Run] then tries the contract of package adapters case by case. Each [Case]
// says why it exists. A case yields an error rather than failing a test itself, so that the kit can be tested with adapters
// that are broken on purpose.
//
// [World] is the outside that an adapter gets in tests: loopback only, one folder, a link that can be cut, and a log that is kept.
package adaptertest
