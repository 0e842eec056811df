package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/rest"
)

func TestScheduleRuns(t *testing.T) {
	for _, tc := range []struct {
		name      string
		schedule  Schedule
		hour, day float64
	}{
		{"every two minutes", Schedule{Every: Duration(2 * time.Minute)}, 30, 720},
		{"every other day", Schedule{Every: Duration(48 * time.Hour)}, 1. / 48, 0.5},
		{"each minute", Schedule{Cron: "* * * * *"}, 60, 1440},
		{"office hours", Schedule{Cron: "*/5 8-18 * * 1-5"}, 12, 132},
		{"nightly", Schedule{Cron: "30 3 * * *"}, 1, 1},
		{"in office hours", Schedule{Every: Duration(time.Minute), Windows: []Window{{Cron: "0 8 * * 1-5", For: Duration(12 * time.Hour)}}}, 60, 720},
		{"on days", Schedule{Every: Duration(time.Hour), Windows: []Window{{Dates: []string{"2026-05-01"}}}}, 1, 24},
		{"never said", Schedule{}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if hour, day := tc.schedule.Runs(); hour != tc.hour || day != tc.day {
				t.Errorf("got %v an hour and %v a day, want %v and %v", hour, day, tc.hour, tc.day)
			}
		})
	}
}

const limitedShop = `apiVersion: dray/v1
kind: Application
metadata: {name: limited}
spec:
  description: A shop that counts requests.
  url: https://shop.example
  limits: {requestsPerMinute: 60, requestsPerDay: 1000, concurrency: 2}
  objects:
    orders: {key: [id], read: {path: /orders}, write: {create: {path: /orders}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: limited}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: bigger}
spec: {application: limited, rate: {requestsPerDay: 100000, requestsPerSecond: 0.5}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: same}
spec: {fields: {id: {from: id}}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: over}
spec:
  source: {connection: shop, object: orders, start: beginning, read: full}
  mapping: same
  destination: {connection: bigger, object: orders, write: create}
  schedule: {every: 2m}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: back}
spec:
  source: {connection: bigger, object: orders, start: beginning, read: full}
  mapping: same
  destination: {connection: shop, object: orders, write: create}
  suspend: true
  schedule: {every: 1h}
`

func TestDemand(t *testing.T) {
	m, list, err := Load(t.Context(), repositoryOf(map[string]string{"dray.yaml": plainRepository, "a.yaml": limitedShop}), Options{Registry: adapters.NewRegistry(rest.New())})
	if err != nil || list.HasErrors() {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	got := []Demand{m.Demand("shop"), m.Demand("bigger"), m.Demand("none")}
	want := []Demand{
		{CallsAnHour: 30, CallsADay: 720, AllowedAnHour: 1000, AllowedADay: 1000},
		{AllowedAnHour: 1800, AllowedADay: 43200},
		{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&Rate{RequestsPerSecond: 0.5, RequestsPerMinute: 60, RequestsPerDay: 100000, Concurrency: 2}, m.Connections["bigger"].Spec.Rate); diff != "" {
		t.Errorf("the rate of a connection that says some of it (-want +got):\n%s", diff)
	}
}
