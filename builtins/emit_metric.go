package builtins

import (
	"slices"

	"sekisho/engine/pipeline"
)

// EmitMetric adds to a metric of one's own.
//
//	<emit-metric name="orders" value="1" namespace="shop">
//	  <dimension name="API ID" />
//	  <dimension name="tenant" value="@(context.Request.Headers.GetValueOrDefault("X-Tenant", ""))" />
//	</emit-metric>
//
// At least one dimension, at most maxDimensions with values of one's own. The
// dimensions in standardDimensions need no value.
//
// Spec: https://learn.microsoft.com/azure/api-management/emit-metric-policy
// Ours: a dimension without a value that is no standard one, which documents have, is a
// warning and left out. A standard dimension that the request has no value for, the
// product outside of one, is empty.
var EmitMetric = pipeline.Policy{
	Name:     "emit-metric",
	Summary:  "Adds to a metric of one's own.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<emit-metric name="orders" value="1" namespace="shop">
  <dimension name="API ID" />
  <dimension name="caller" value="@(context.Request.IpAddress)" />
</emit-metric>`,
	New: func() pipeline.Step { return new(emitMetric) },
}

// maxDimensions bounds the dimensions of a metric that have a value in the document.
const maxDimensions = 5

// standardDimensions have a value by themselves.
var standardDimensions = []string{"API ID", "Operation ID", "Product ID", "User ID", "Subscription ID", "Location", "Gateway ID"}

type emitMetric struct {
	Name       string         `attr:"name,required"`
	Namespace  string         `attr:"namespace" default:"API Management"`
	Value      pipeline.Float `attr:"value" default:"1"`
	Dimensions []dimension    `child:"dimension,required"`
}

type dimension struct {
	Name  string          `attr:"name,required"`
	Value pipeline.String `attr:"value"`
}

// Check warns of a dimension that will have no value.
func (d *dimension) Check(c *pipeline.Check) {
	if !d.Value.IsSet() && !slices.Contains(standardDimensions, d.Name) {
		c.Warnf(&d.Name, "dimension-without-value", "the dimension %q has no value and is left out", d.Name).
			WithHint("without a value may stand %s", quoted(standardDimensions))
	}
}

// Check counts the dimensions.
func (m *emitMetric) Check(c *pipeline.Check) {
	custom := 0
	for e := range c.Element().Elements() {
		if e.Name == "dimension" && e.Attr("value") != nil {
			if custom++; custom > maxDimensions {
				c.Diags().Errorf(e.NameRange, "too-many-dimensions", "<%s> may have at most %d dimensions with a value", c.Element().Name, maxDimensions)
				return
			}
		}
	}
}

func (m *emitMetric) Run(x *pipeline.Exchange) error {
	value, err := m.Value.Get(x)
	if err != nil {
		return err
	}
	fields := make([]pipeline.Field, 0, len(m.Dimensions))
	for i := range m.Dimensions {
		d := &m.Dimensions[i]
		v := standardDimension(x, d.Name)
		if d.Value.IsSet() {
			if v, err = d.Value.Get(x); err != nil {
				return err
			}
		} else if !slices.Contains(standardDimensions, d.Name) {
			continue
		}
		fields = append(fields, pipeline.Field{Name: d.Name, Value: v})
	}
	x.Services.Metrics.Emit(m.Namespace, m.Name, value, fields)
	return nil
}

// standardDimension is the value of a dimension that has one by itself, "" without.
func standardDimension(x *pipeline.Exchange, name string) string {
	ctx := x.APIM()
	switch name {
	case "API ID":
		return ctx.API().ID
	case "Operation ID":
		return ctx.Operation().ID
	case "Product ID":
		if p := ctx.Product(); p != nil {
			return p.ID
		}
	case "User ID":
		if u := ctx.User(); u != nil {
			return u.ID
		}
	case "Subscription ID":
		if s := ctx.Subscription(); s != nil {
			return s.ID
		}
	case "Location":
		return ctx.Deployment().Region
	case "Gateway ID":
		return ctx.Deployment().GatewayID
	}
	return ""
}
