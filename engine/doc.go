// Package engine is Dray's agent: it follows a repository and runs the touchpoints it holds.
//
// It is the composition root of everything below engine: reconcile fetches and judges revisions, schedule says when, state keeps what
// must survive and holds the queue, run moves records, connect guards the way out, api answers questions.
//
// The promises of the product, numbered as they are cited where they are enforced:
//
//  1. A project's revision is applied whole or not at all.
//  2. A checkpoint advances only after the destination durably accepted everything before it.
//  3. A record that cannot be delivered is in the dead letters before the checkpoint passes it.
//  4. No record data and no secret is on disk, in a log, an error, a metric or the queue in the clear. The fields a touchpoint names
//     in trace are shown in lists and answers.
//  5. A credential goes only to the hosts sealed into it.
//  6. The agent opens no network port unless asked to.
//  7. Nothing is deleted at a destination because of a read that did not complete or shrank, and never more than the touchpoint's
//     limits, per run and per day.
//  8. What plan does not show, apply does not do.
//  9. Killing the process at any instant loses nothing, and duplicates nothing where writes are keyed or transactional.
//  10. Bad configuration is reported with file, line, column and a hint, all of it at once, before it runs.
//  11. The repository reaches no path, program or network that the agent's operator did not allow.
package engine
