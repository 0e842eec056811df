// Package record holds the data that flows through Dray: values, documents, rows and batches of them.
//
// It is a leaf that adapters, expressions, mappings and the engine share. It knows nothing of applications or of
// configuration. Three rules hold for everything in it:
//
//   - Numbers are exact. An integer is an integer however large, a fraction is a decimal, and no value is ever a float.
//   - Input is judged once, by [Scan]: a duplicate key, invalid UTF-8 and a number of more than [MaxDigits] digits are errors.
//   - The bytes of a batch live in the batch. A [Value] read from a [Batch] is valid until the next [Batch.Reset];
//     [Value.Clone] makes one that outlives it.
package record
