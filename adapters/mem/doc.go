// Package mem holds three applications that live in memory and are of opposite nature: a transactional [Table], a [Service] that
// speaks JSON over HTTP, and a [Queue] that pushes documents and waits for acknowledgement.
//
// They are what the conformance kit of package adaptertest is proven on, and what tests of the engine run against. Nothing in
// them is durable, and no repository can name them.
package mem
