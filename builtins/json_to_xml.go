package builtins

import (
	"sekisho/builtins/xmljson"
	"sekisho/engine/pipeline"
)

// JSONToXML turns a JSON body into XML.
//
//	<json-to-xml apply="content-type-json" consider-accept-header="true" parse-date="false"
//	             namespace-separator=":" namespace-prefix="xmlns" attribute-block-name="#attrs" />
//
// apply="always" converts whatever the Content-Type is, content-type-json only what it
// calls JSON. With consider-accept-header, which is true by default, the body is
// converted only if the request's Accept asks for XML. parse-date, true by default,
// writes strings that look like dates as XML dates. The members of the member called
// attribute-block-name become attributes; members whose names begin with
// namespace-prefix declare namespaces; namespace-separator ("_") stands between prefix
// and name. Package xmljson says what becomes of what. The Content-Type becomes
// application/xml.
//
// Spec: https://learn.microsoft.com/azure/api-management/json-to-xml-policy
// Ours: an object with one member has that for its root element; anything else gets a
// root <Document>. Asking for XML means naming an XML media type, not */*. A body that is
// not JSON is a Fault, with status 400 for a request and 500 for a response; an empty
// one stays empty.
var JSONToXML = pipeline.Policy{
	Name:     "json-to-xml",
	Summary:  "Turns a JSON body into XML.",
	Sections: pipeline.Inbound | pipeline.Outbound | pipeline.OnError,
	Scopes:   pipeline.AnyScope,
	Example:  `<json-to-xml apply="content-type-json" consider-accept-header="true" parse-date="false" />`,
	New:      func() pipeline.Step { return new(jsonToXML) },
}

type jsonToXML struct {
	Apply           pipeline.String `attr:"apply,required" enum:"always content-type-json"`
	ConsiderAccept  pipeline.Bool   `attr:"consider-accept-header" default:"true"`
	ParseDate       bool            `attr:"parse-date" default:"true"`
	Separator       pipeline.String `attr:"namespace-separator" default:"_"`
	NamespacePrefix pipeline.String `attr:"namespace-prefix"`
	AttributeBlock  pipeline.String `attr:"attribute-block-name"`
}

func (c *jsonToXML) Run(x *pipeline.Exchange) error {
	due, err := conversionDue(x, &c.Apply, &c.ConsiderAccept, isJSON, isXML)
	if err != nil || !due {
		return err
	}
	o := xmljson.XMLOptions{KeepDates: !c.ParseDate}
	for _, v := range []struct {
		from *pipeline.String
		to   *string
	}{{&c.Separator, &o.Separator}, {&c.NamespacePrefix, &o.NamespacePrefix}, {&c.AttributeBlock, &o.AttributeBlock}} {
		if *v.to, err = v.from.Get(x); err != nil {
			return err
		}
	}
	return convertBody(x, "application/xml", func(body []byte) ([]byte, error) { return xmljson.ToXML(body, o) })
}
