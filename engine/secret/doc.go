// Package secret owns everything in Dray that keeps a secret: identities,
// credential files, the key ring of an environment, data keys, sealed values, and
// keyed hashes. It reads and writes its own files and talks to nobody; where rows
// are stored, which connection may use a credential, and what is remembered
// between runs is its callers' business.
//
// # Who is defended against, and by what
//
// A thief of a disk, a backup or a database finds sealed values and keyed hashes
// ([Sealer], [Hasher]); their keys are wrapped by roots that stand only in a key
// ring, and that opens only with an identity ([Identity]). A thief of the
// repository finds age ciphertext ([Credential], [RingFile]).
//
// Someone who may push to the repository cannot aim a credential at a host of his
// own: application, hosts, TLS, use, environments and fields are repeated, as a
// digest, inside the ciphertext ([Credential.Open], [Binding.Allows]). He cannot
// bring back an old credential or ring ([Seen], [Pin]), nor put a ring of his own
// in the place of one ([RingFile.Open]). He cannot make a recipient run a program
// ([ParseRecipient]).
//
// The administrator of a database cannot move a sealed value to another row,
// column, touchpoint or state, nor put an older version of a row in its place
// without the sequence number in the row giving it away ([Row]). He does see sizes
// up to padding, counts and times; and he can put back a whole row or database of
// an earlier time, which only the head rows that engine/state keeps can notice.
//
// Not defended: who holds an identity can open what is encrypted to it; who held
// a root can open what was sealed under it then. The memory of a running process
// is not wiped: Go may copy it.
//
// # Constructions
//
// Every input of a hash, a MAC, a KDF or associated data is [Enc]: a label and
// items, each with its length before it. The KDF is HKDF-SHA256, the AEAD is
// XChaCha20-Poly1305 with random nonces of 24 bytes, the MAC is HMAC-SHA256.
//
//	key ring    facts  = Enc("dray/ring/facts/v1", environment, ringId, generation, previous, recipients, keys)
//	            inner  = age(Enc("dray/ring/inner/v1", facts, kid, root, …))
//	            body   = Enc("dray/ring/v1", facts, inner)
//	            mac    = HMAC(K_ring of the previous primary, or of the only key at first; body)
//	            digest = SHA-256(Enc("dray/ring/digest/v1", body, mac)), which the next generation names as previous
//	            check  = HMAC(K_ring, Enc("dray/ring/check/v1", kid)), kept in a Pin
//	root to key K_p    = HKDF(root, salt = ringId, info = "dray/v1/" + p), p of wrap, index, fingerprint, head, audit, ring
//	data key    nonce ‖ AEAD(K_wrap, key, Enc("dray/dek/v1", ringId, stateId, id, scope, epoch, kid))
//	            id     = seconds of its making (4 bytes) ‖ 4 random bytes
//	sealed row  version ‖ alg ‖ data key id ‖ nonce ‖ AEAD(data key, padded, aad)
//	            aad    = Enc("dray/seal/v1", version, alg, ringId, stateId, table, column, schemaVersion,
//	                     touchpointUid, rowKey, rowSeq, data key id)
//	            padded = length ‖ plaintext ‖ zeros, to 32s up to 256 and by Padmé beyond
//	key hash    K_t    = HKDF(K_index, info = Enc("dray/v1/key", touchpointUid))
//	            h      = first 16 bytes of HMAC(K_t, Enc("dray/key/v1", type, part, …))
//	fingerprint HMAC(HKDF(K_fingerprint, info = Enc("dray/v1/key", touchpointUid)), Enc("dray/fp/v1", h, canonical record))
//	credential  inner  = age(length ‖ Enc("dray/credential/inner/v1", digest, field, value, …) ‖ zeros, to 1 KiB)
//	            digest = SHA-256(Enc("dray/credential/v1", repositoryId, envelope))
//	            envelope = Enc("dray/credential/envelope/v1", name, scope, application, bind, tls, use,
//	                     environments, fields, generation, expires, recipients, rotated)
//
// Numbers are big-endian: generations and sequence numbers of 8 bytes, epochs and
// schema versions of 4. The touchpointUid of a system scope is empty; a data key
// is bound to its scope besides. Lists are Enc with their own label and sorted.
//
// A data key seals new values for 90 days and only while no newer root is
// primary, also when it was wrapped anew: whoever was removed from the ring may
// know it. Its age is that of its authenticated id.
//
// Vectors in the tests hold these constructions: data sealed by one release must
// open with the next.
//
// # Continuity of a key ring
//
// That anybody can encrypt to a recipient is the weakness of age for this use, so
// a ring is accepted only from somebody who knew the roots of the last accepted
// one: the MAC is the previous primary's, and the Pin's check values prove that
// the roots of kids known before are still the same. An agent that slept through
// generations demands that the primary it knew is still in the ring, unchanged;
// when that key was retired meanwhile, the generations between must be shown to
// it one by one.
//
// # Printing
//
// [Value], [Identity], [Ring], [DataKey] and [Opened] print as a mask in every
// form, and keep their content where fmt and reflection do not reach. Errors are
// [*Error] with a [Reason]; none of them repeats content of a file, a key, or text
// that was decrypted.
package secret
