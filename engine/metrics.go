package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dray-sync/dray/engine/state"
)

// metrics are what Prometheus sees. Labels are names from configuration and words of Dray's own, so their number is bounded.
type metrics struct {
	registry *prometheus.Registry
	records  *prometheus.CounterVec
	runs     *prometheus.CounterVec
	info     *prometheus.GaugeVec
	flows    prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_records_total", Help: "Records by touchpoint and by what became of them.",
		}, []string{"touchpoint", "outcome"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_runs_total", Help: "Ended runs by touchpoint and status.",
		}, []string{"touchpoint", "status"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dray_applied_revision_info", Help: "1 for the revision that is applied.",
		}, []string{"revision"}),
		flows: prometheus.NewGauge(prometheus.GaugeOpts{Name: "dray_touchpoints", Help: "Touchpoints of the applied revision."}),
	}
	m.registry.MustRegister(m.records, m.runs, m.info, m.flows, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(touchpoint string, n state.Counts) {
	for outcome, count := range map[string]int64{
		"read": n.Read, "filtered": n.Filtered, "created": n.Created, "updated": n.Updated, "unchanged": n.Unchanged, "deleted": n.Deleted,
		"skipped": n.Skipped, "rejected": n.Rejected, "parked": n.Parked, "duplicate": n.Duplicates, "unacknowledged": n.Unacknowledged,
	} {
		if count > 0 {
			m.records.WithLabelValues(touchpoint, outcome).Add(float64(count))
		}
	}
}

func (m *metrics) ended(touchpoint string, status state.RunStatus) {
	m.runs.WithLabelValues(touchpoint, string(status)).Inc()
}

func (m *metrics) applied(g *generation) {
	m.info.Reset()
	m.info.WithLabelValues(g.commit).Set(1)
	m.flows.Set(float64(len(g.flows)))
}

// MetricsHandler serves the metrics in the format of Prometheus.
func (e *Engine) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(e.metrics.registry, promhttp.HandlerOpts{})
}

// stateCollector reports what the state holds.
type stateCollector struct{ engine *Engine }

var (
	openDeadLetters = prometheus.NewDesc("dray_dead_letters_open", "Records that wait in the dead letters.", nil, nil)
	activeRuns      = prometheus.NewDesc("dray_runs_active", "Runs that have not ended.", nil, nil)
	foldLag         = prometheus.NewDesc("dray_ledger_fold_lag_entries", "Ledger entries that are not folded yet.", nil, nil)
	foldLagSeconds  = prometheus.NewDesc("dray_ledger_fold_lag_seconds", "Age of the oldest ledger entry that is not folded yet.", nil, nil)
	stateBytes      = prometheus.NewDesc("dray_state_bytes", "Size of the state file.", nil, nil)
)

// Describe lists the metrics.
func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{openDeadLetters, activeRuns, foldLag, foldLagSeconds, stateBytes} {
		ch <- d
	}
}

// Collect reads the state, for a short while at most.
func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := c.engine.store.Stats(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(openDeadLetters, err)
		return
	}
	for desc, value := range map[*prometheus.Desc]float64{
		openDeadLetters: float64(s.OpenDeadLetters), activeRuns: float64(s.ActiveRuns), foldLag: float64(s.FoldLagEntries),
		foldLagSeconds: s.FoldLagAge.Seconds(), stateBytes: float64(s.FileBytes),
	} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
}
