package sqlite

// For tests of what the authorizer keeps out.
var (
	OpenReading = openReading
	OpenWriting = openWriting
)
