// Package format writes configuration in its one canonical form: fields in the order of the definitions, two spaces of indentation,
// comments where they were, expressions quoted so that YAML cannot cut or bend them.
//
// A file's text is read into a tree of its own that keeps everything as it was written, since no YAML library gives comments back
// where it found them. What the tree cannot hold (anchors, tags, complex keys: none of them is configuration) is refused, and whatever
// comes out is read again and compared with what went in before it is returned: formatting never changes what a file means. The
// package opens nothing; its entry points are [YAML] and [CUE].
package format
