package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// Geometry of the chart.
const (
	chartWidth, chartHeight = 860, 420
	plotLeft, plotRight     = 70, 640
	plotTop, plotBottom     = 40, 360
	maxNines                = 5 // the axis ends at 99.999 %
)

// colours tell the subjects apart, for all kinds of eyes.
var colours = []string{"#0072b2", "#56b4e9", "#555555", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#8c564b", "#000000"}

// WriteSVG draws the latencies of all subjects by quantile: to the right more nines, up
// more time, both logarithmic. The same report gives the same bytes.
func (r *Report) WriteSVG(w io.Writer) error {
	low, high := math.Inf(1), 0.0
	for _, s := range r.Subjects {
		for _, p := range s.Curve {
			if p.Micros > 0 {
				low, high = min(low, p.Micros), max(high, p.Micros)
			}
		}
	}
	if high == 0 {
		low, high = 1, 10
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if top <= bottom {
		top = bottom + 1
	}
	x := func(q float64) float64 {
		nines := min(-math.Log10(max(1-q, 1e-9)), maxNines)
		return plotLeft + (plotRight-plotLeft)*nines/maxNines
	}
	y := func(us float64) float64 {
		return plotBottom - (plotBottom-plotTop)*(math.Log10(max(us, 1e-3))-bottom)/(top-bottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, "<title>%s: latency by quantile</title>\n", html.EscapeString(r.Scenario))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="14" font-weight="bold">%s</text>`+"\n", plotLeft, html.EscapeString(r.Scenario))
	for i, label := range []string{"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"} {
		at := plotLeft + float64(plotRight-plotLeft)*float64(i)/maxNines
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#dddddd"/>`+"\n", at, plotTop, plotBottom)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", at, plotBottom+18, label)
	}
	for e := bottom; e <= top; e++ {
		us := math.Pow(10, e)
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#dddddd"/>`+"\n", plotLeft, y(us), plotRight)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-6, y(us)+4, decade(e))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">requests that took at most so long</text>`+"\n", (plotLeft+plotRight)/2, plotBottom+40)
	for i, s := range r.Subjects {
		colour := colours[i%len(colours)]
		var path strings.Builder
		for j, p := range s.Curve {
			command := byte('L')
			if j == 0 {
				command = 'M'
			}
			fmt.Fprintf(&path, "%c%.1f %.1f", command, x(p.Quantile), y(p.Micros))
		}
		if path.Len() > 0 {
			fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.8"/>`+"\n", path.String(), colour)
		}
		at := plotTop + 10 + 18*i
		fmt.Fprintf(&b, `<path d="M%d %dH%d" stroke="%s" stroke-width="3"/>`+"\n", plotRight+16, at, plotRight+40, colour)
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", plotRight+46, at+4, html.EscapeString(s.Name))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// decade names a power of ten of microseconds.
func decade(e float64) string {
	switch {
	case e >= 6:
		return fmt.Sprintf("%.0f s", math.Pow(10, e-6))
	case e >= 3:
		return fmt.Sprintf("%.0f ms", math.Pow(10, e-3))
	case e >= 0:
		return fmt.Sprintf("%.0f µs", math.Pow(10, e))
	}
	return fmt.Sprintf("%.2g µs", math.Pow(10, e))
}
