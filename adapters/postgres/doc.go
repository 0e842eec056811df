// Package postgres reads and writes PostgreSQL.
//
// [New] returns the application. Its objects are the tables and views of the database, by name ("orders", "sales.orders"), and what a
// connection declares: a query with its key and cursor, or a table with a cursor.
//
// Reads run in read-only transactions and stream: one query, whatever its size, in bounded memory. An incremental read takes the
// closed interval from the cursor (minus the overlap) to the database's own clock minus a lag, so that rows which
// transactions still under way will commit with an older time are met by the overlap.
//
// Writes COPY a batch into a temporary table and merge it in one statement. A row that the database refuses is isolated by halving:
// its neighbours are written. Nothing is durable that was not reported, and nothing reported that is not durable: when the connection breaks
// after COMMIT was sent, the outcome is Unknown.
//
// Values are exact in both directions: they travel as PostgreSQL's own text, numbers never as floats. What has no
// exact counterpart here (NaN, infinity, a date before Christ) arrives as text, which no conversion to a number or date accepts,
// so that the one record fails and names its field.
package postgres
