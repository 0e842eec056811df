package state

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"github.com/dray-sync/dray/engine/secret"
)

// A head is what ties the rows of one touchpoint together: it is sealed, it moves
// in every transaction that changes them, and Open compares it with the rows.
// Rows that were put back, removed or added behind the agent's back show as a
// difference; the file as a whole put back shows against the anchor.
type head struct {
	// Seq counts the transactions that moved it.
	Seq uint64 `json:"seq"`
	// Generation is the touchpoint's.
	Generation int64 `json:"generation"`
	// Key is the secret the sets are made with.
	Key []byte `json:"key"`
	// Checkpoints, DeadLetters (open ones), Log, Facts and Seen are the rows there must be.
	Checkpoints rowSet `json:"checkpoints"`
	DeadLetters rowSet `json:"deadLetters"`
	Log         rowSet `json:"log"`
	Facts       rowSet `json:"facts"`
	Seen        rowSet `json:"seen,omitzero"`
	// Audit is the end of the audit; only the agent's own head has one.
	Audit auditHead `json:"audit,omitzero"`
}

// rowSet is a digest of a set of rows that can be moved row by row: the sum of a
// keyed hash of each. Without the key, which stays sealed, no other set with
// the same sum can be found.
type rowSet struct {
	N   int64     `json:"n"`
	Sum [4]uint64 `json:"sum"`
}

// newHead returns the head of a new touchpoint.
func newHead() head {
	key := make([]byte, 32)
	rand.Read(key)
	return head{Generation: 1, Key: key}
}

// add takes a row into the set.
func (h *head) add(set *rowSet, row []byte) {
	set.N++
	for i, w := range h.words(row) {
		set.Sum[i] += w
	}
}

// remove takes a row out of the set.
func (h *head) remove(set *rowSet, row []byte) {
	set.N--
	for i, w := range h.words(row) {
		set.Sum[i] -= w
	}
}

func (h *head) words(row []byte) (w [4]uint64) {
	mac := hmac.New(sha256.New, h.Key)
	mac.Write(row)
	sum := mac.Sum(nil)
	for i := range w {
		w[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return w
}

// sameRows reports whether h and o name the same rows.
func (h *head) sameRows(o *head) bool {
	return h.Checkpoints == o.Checkpoints && h.DeadLetters == o.DeadLetters && h.Log == o.Log && h.Facts == o.Facts && h.Seen == o.Seen && h.Audit.N == o.Audit.N
}

func (h *head) encode() ([]byte, error) { return json.Marshal(h) }

func decodeHead(b []byte) (h head, err error) {
	err = json.Unmarshal(b, &h)
	return h, err
}

// The names of rows in their sets.

func checkpointElement(k CheckpointKey, seq int64) []byte {
	return secret.Enc("checkpoint", []byte(k.Route), be64(k.Generation), be64(int64(k.Partition)), be64(seq))
}

func deadLetterElement(id string, key KeyHash, rowSeq uint64) []byte {
	return secret.Enc("dead letter", []byte(id), key[:], be64(int64(rowSeq)))
}

func logElement(seq uint64) []byte { return secret.Enc("log", be64(int64(seq))) }

func factElement(name string, rowSeq uint64) []byte {
	return secret.Enc("fact", []byte(name), be64(int64(rowSeq)))
}

// be64 returns n as eight big-endian bytes.
func be64(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
