package record

import "time"

// AppendISO appends a Date (2026-01-31), Time (23:59:59.5) or Timestamp (2026-01-31T23:59:59.5+01:00, Z for UTC) in ISO 8601, with
// as many digits of a second as there are. Other kinds append nothing.
func (v Value) AppendISO(dst []byte) []byte {
	switch v.kind {
	case Date:
		return appendDay(dst, v.num)
	case Time:
		seconds, fraction := v.num/int64(time.Second), v.num%int64(time.Second)
		return appendFraction(appendClock(dst, seconds), fraction)
	case Timestamp:
		local := v.num + int64(v.offset)*60
		day, second := local/secondsOfDay, local%secondsOfDay
		if second < 0 {
			day, second = day-1, second+secondsOfDay
		}
		dst = appendClock(append(appendDay(dst, day), 'T'), second)
		return appendOffset(appendFraction(dst, int64(v.scale)), int(v.offset))
	default:
		return dst
	}
}

const secondsOfDay = 24 * 60 * 60

// appendDay appends a day, of which there are so many since 1970-01-01.
func appendDay(dst []byte, days int64) []byte {
	const firstDay, endDay = -719528, 2932897 // 0000-01-01 and 10000-01-01
	if days < firstDay || days >= endDay {
		return time.Unix(days*secondsOfDay, 0).UTC().AppendFormat(dst, time.DateOnly)
	}
	year, month, day := civil(int(days))
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10))
	dst = append(appendTwo(dst, year%100), '-')
	dst = append(appendTwo(dst, month), '-')
	return appendTwo(dst, day)
}

// civil returns the date of a day of the years from 0 on, in the proleptic Gregorian calendar. Its years begin in March, so that the
// leap day is the last of them.
func civil(days int) (year, month, day int) {
	const era, toMarch = 146097, 719468 // the days of 400 years; those from 0000-03-01 to 1970-01-01
	days += toMarch + era               // the first two months of year 0 belong to the era before
	in := days % era
	years := (in - in/1460 + in/36524 - in/146096) / 365
	in -= 365*years + years/4 - years/100
	m := (5*in + 2) / 153
	year = years + days/era*400 - 400
	day = in - (153*m+2)/5 + 1
	if month = m + 3; month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func appendClock(dst []byte, second int64) []byte {
	n := int(second)
	dst = append(appendTwo(dst, n/3600), ':')
	dst = append(appendTwo(dst, n/60%60), ':')
	return appendTwo(dst, n%60)
}

// appendFraction appends nanoseconds as a fraction without zeros at its end.
func appendFraction(dst []byte, nanoseconds int64) []byte {
	if nanoseconds == 0 {
		return dst
	}
	dst = append(dst, '.')
	for at := int64(time.Second) / 10; nanoseconds > 0; at /= 10 {
		dst = append(dst, byte('0'+nanoseconds/at))
		nanoseconds %= at
	}
	return dst
}

// appendOffset appends an offset of so many minutes.
func appendOffset(dst []byte, minutes int) []byte {
	switch {
	case minutes == 0:
		return append(dst, 'Z')
	case minutes < 0:
		dst, minutes = append(dst, '-'), -minutes
	default:
		dst = append(dst, '+')
	}
	return appendTwo(append(appendTwo(dst, minutes/60), ':'), minutes%60)
}
