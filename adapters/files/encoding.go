package files

import (
	"bufio"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func knownEncoding(name string) bool { return name == "utf-8" || encodingOf(name) != nil }

// encodingOf returns nil for utf-8, which needs no change, and for what is not known. These are the encodings' own definitions: what web
// browsers do, who take iso-8859-1 for windows-1252, would change characters.
func encodingOf(name string) encoding.Encoding {
	switch name {
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "windows-1250":
		return charmap.Windows1250
	case "windows-1251":
		return charmap.Windows1251
	case "windows-1252":
		return charmap.Windows1252
	case "windows-1253":
		return charmap.Windows1253
	case "windows-1254":
		return charmap.Windows1254
	case "windows-1257":
		return charmap.Windows1257
	case "iso-8859-1":
		return charmap.ISO8859_1
	case "iso-8859-2":
		return charmap.ISO8859_2
	case "iso-8859-9":
		return charmap.ISO8859_9
	case "iso-8859-15":
		return charmap.ISO8859_15
	case "ibm437":
		return charmap.CodePage437
	case "ibm850":
		return charmap.CodePage850
	default:
		return nil
	}
}

// decoded returns r as UTF-8 without a byte order mark. What is no UTF-8 stays as it is and is refused by whoever reads it; a byte
// that an encoding does not define becomes U+FFFD, which is refused too.
func decoded(r io.Reader, enc string) *bufio.Reader {
	if e := encodingOf(enc); e != nil {
		r = e.NewDecoder().Reader(r)
	}
	br := bufio.NewReaderSize(r, 64<<10)
	if mark, err := br.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = br.Discard(3) // they are in the buffer
	}
	return br
}
