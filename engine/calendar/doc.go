// Package calendar reads what people write about time, cron lines and windows, in a zone: right on the days when clocks change, and the
// same on every machine. It keeps no time itself and knows no configuration.
package calendar
