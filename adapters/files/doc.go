// Package files is the application "files": CSV, JSON and JSON Lines in a folder that the agent's operator allowed.
//
// Objects are declared on the connection: a pattern of file names and what is in them. A full read delivers every matching file in
// order of name. An incremental read delivers the files that are new or changed, in the order they changed; on Linux that is
// the time of the inode, so that a file which is moved here with an old date is seen too, elsewhere the time of modification.
// Either can go on in the middle of a file that has not changed since.
//
// In CSV every value is text. A blank cell is null and a quoted empty one ("") is the empty text, in both directions. Blank lines
// are passed over. A row with more or fewer cells than the header is an error that names the line, as is a quote out of place.
//
// A pattern with one * in its last part is written as new files: each batch one complete file, the * replaced by the time. A pattern without
// * is one file, which is written as a whole and put in place of the old one for each batch, so that nobody ever sees half of
// it; that suits files of up to some hundred megabytes. One agent at a time may write to such a file.
package files
