// Package run executes touchpoints: it reads a batch, maps it, writes it, records what became of each record, and moves the
// checkpoint; the next batch is read meanwhile.
//
// A run is worked in slices. Each holds a fence, so that a slice that was thought dead can do no harm. What a slice leaves
// behind is committed batch by batch, in the order of reading: the checkpoint never passes a record that is neither durably
// delivered nor in the dead letters. Errors are judged by their kind alone.
//
// The reader of a run stays open between its slices. Should the process end, the next slice opens one from the last checkpoint;
// what was delivered meanwhile is recognised by key and version in the ledger.
package run
