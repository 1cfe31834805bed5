package gateway

import (
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/pipeline"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics shows. They outlive Snapshots.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	reloads  *prometheus.CounterVec
	active   prometheus.Gauge
	streams  *prometheus.GaugeVec
	// unmatched are the requests for no operation.
	unmatched *routeMetrics
	custom    customMetrics
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sekisho_requests_total", Help: "Requests answered, by API, operation and class of status.",
		}, []string{"api", "operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sekisho_request_duration_seconds", Help: "Time from the request's header to the end of the pipeline, by API.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"api"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sekisho_reloads_total", Help: "Loads of the folder, by result: ok or faulty.",
		}, []string{"result"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sekisho_requests_active", Help: "Requests being served.",
		}),
		streams: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sekisho_mcp_streams_open", Help: "Event streams of MCP clients that are open, by API.",
		}, []string{"api"}),
	}
	m.custom.registry = m.registry
	m.unmatched = m.route("", "")
	m.registry.MustRegister(m.requests, m.duration, m.reloads, m.active, m.streams,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// routeMetrics are the children of one operation. They are made by the first request that
// counts in them: ten thousand operations have sixty thousand, and few are ever used.
type routeMetrics struct {
	of             *metrics
	api, operation string
	duration       atomic.Pointer[prometheus.Observer]
	classes        [6]atomic.Pointer[prometheus.Counter] // by first digit of the status; 0 for what has none
}

func (m *metrics) route(api, operation string) *routeMetrics {
	return &routeMetrics{of: m, api: api, operation: operation}
}

func (r *routeMetrics) observe(status int, took time.Duration) {
	class := status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	duration, count := r.duration.Load(), r.classes[class].Load()
	if duration == nil || count == nil {
		duration, count = r.make(class)
	}
	(*duration).Observe(took.Seconds())
	(*count).Inc()
}

// make makes the children for answers of one class. The vectors hand the same ones to all
// who ask, so that it does not matter who is first, nor that a reload asks again.
func (r *routeMetrics) make(class int) (*prometheus.Observer, *prometheus.Counter) {
	name := strconv.Itoa(class) + "xx"
	if class == 0 {
		name = "none"
	}
	duration := r.of.duration.WithLabelValues(r.api)
	count := r.of.requests.WithLabelValues(r.api, r.operation, name)
	r.duration.Store(&duration)
	r.classes[class].Store(&count)
	return &duration, &count
}

// Bounds on emit-metric: a policy may compute its dimensions from requests, and
// whoever sends them must not fill the memory with time series.
const (
	maxCustomMetrics = 200
	maxCustomSeries  = 2000
)

// customMetrics implements pipeline.Metrics: each metric of emit-metric is a sum and a
// count, named sekisho_<namespace>_<name>, with its dimensions as labels.
type customMetrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	metrics  map[string]*customMetric
	series   int
}

type customMetric struct {
	labels []string
	vec    *prometheus.SummaryVec
	seen   map[string]bool
}

// Emit implements pipeline.Metrics. What exceeds the bounds is dropped.
func (c *customMetrics) Emit(namespace, name string, value float64, dimensions []pipeline.Field) {
	dimensions = append([]pipeline.Field(nil), dimensions...)
	sort.Slice(dimensions, func(i, j int) bool { return dimensions[i].Name < dimensions[j].Name })
	labels, values := make([]string, len(dimensions)), make([]string, len(dimensions))
	for i, d := range dimensions {
		labels[i], values[i] = metricName(d.Name), d.Value
	}
	full := "sekisho_" + metricName(namespace) + "_" + metricName(name)
	key := full + "\x00" + strings.Join(labels, "\x00")
	series := strings.Join(values, "\x00")

	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.metrics[key]
	if m == nil {
		if len(c.metrics) >= maxCustomMetrics {
			return
		}
		m = &customMetric{labels: labels, seen: map[string]bool{}, vec: prometheus.NewSummaryVec(
			prometheus.SummaryOpts{Name: full, Help: "Emitted by emit-metric."}, labels)}
		if c.registry.Register(m.vec) != nil {
			return // the same name with other dimensions: Prometheus cannot hold both
		}
		if c.metrics == nil {
			c.metrics = map[string]*customMetric{}
		}
		c.metrics[key] = m
	}
	if !m.seen[series] {
		if c.series >= maxCustomSeries {
			return
		}
		c.series++
		m.seen[series] = true
		for i, v := range values {
			values[i] = strings.Clone(v) // it is kept, and may be a piece of a request
		}
	}
	m.vec.WithLabelValues(values...).Observe(value)
}

// metricName makes a name that Prometheus takes.
func metricName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.TrimSpace(s))
}
