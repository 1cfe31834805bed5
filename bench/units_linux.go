package bench

import (
	"time"

	"sekisho/bench/report"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func nanos(n int64) float64          { return float64(n) / 1000 }

func quantiles(h *hdrhistogram.Histogram) report.Quantiles {
	at := func(p float64) float64 { return nanos(h.ValueAtPercentile(p)) }
	return report.Quantiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: nanos(h.Max())}
}
