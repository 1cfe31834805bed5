package builtins

import (
	"strings"

	"sekisho/builtins/xmljson"
	"sekisho/engine/pipeline"
)

// XMLToJSON turns an XML body into JSON.
//
//	<xml-to-json kind="direct" apply="content-type-xml" consider-accept-header="true"
//	             always-array-child-elements="false" />
//
// apply="always" converts whatever the Content-Type is, content-type-xml only what it
// calls XML. With consider-accept-header, which is true by default, the body is
// converted only if the request's Accept asks for JSON. always-array-child-elements
// makes an array of every child element, also where there is only one. kind is direct,
// which keeps the structure of the document, or javascript-friendly; package xmljson
// says what becomes of what. The Content-Type becomes application/json.
//
// Spec: https://learn.microsoft.com/azure/api-management/xml-to-json-policy
// Ours: the page does not specify the two kinds. Asking for JSON means naming a JSON
// media type: */* asks for nothing, and neither does no Accept. A body that is not XML
// is a Fault, with status 400 for a request and 500 for a response; an empty one stays
// empty.
var XMLToJSON = pipeline.Policy{
	Name:     "xml-to-json",
	Summary:  "Turns an XML body into JSON.",
	Sections: pipeline.Inbound | pipeline.Outbound | pipeline.OnError,
	Scopes:   pipeline.AnyScope,
	Example:  `<xml-to-json kind="direct" apply="content-type-xml" consider-accept-header="true" />`,
	New:      func() pipeline.Step { return new(xmlToJSON) },
}

type xmlToJSON struct {
	Kind           pipeline.String `attr:"kind,required" enum:"javascript-friendly direct"`
	Apply          pipeline.String `attr:"apply,required" enum:"always content-type-xml"`
	ConsiderAccept pipeline.Bool   `attr:"consider-accept-header" default:"true"`
	Arrays         pipeline.Bool   `attr:"always-array-child-elements" default:"false"`
}

func (c *xmlToJSON) Run(x *pipeline.Exchange) error {
	due, err := conversionDue(x, &c.Apply, &c.ConsiderAccept, isXML, isJSON)
	if err != nil || !due {
		return err
	}
	kind, err := c.Kind.Get(x)
	if err != nil {
		return err
	}
	arrays, err := c.Arrays.Get(x)
	if err != nil {
		return err
	}
	return convertBody(x, "application/json", func(body []byte) ([]byte, error) {
		return xmljson.ToJSON(body, xmljson.JSONOptions{Friendly: kind != "direct", ArrayChildren: arrays})
	})
}

// conversionDue tells whether xml-to-json or json-to-xml has something to do: from and
// to tell the media types of before and after.
func conversionDue(x *pipeline.Exchange, apply *pipeline.String, considerAccept *pipeline.Bool, from, to func(media string) bool) (bool, error) {
	if !x.TargetBody().Present() {
		return false, nil
	}
	how, err := apply.Get(x)
	if err != nil {
		return false, err
	}
	if how != "always" && !from(mediaType(x.TargetHeader().Get("Content-Type"))) {
		return false, nil
	}
	consider, err := considerAccept.Get(x)
	if err != nil {
		return false, err
	}
	if !consider {
		return true, nil
	}
	lines, _ := x.Request.Header.Lookup("Accept")
	return asksFor(lines, to), nil
}

// convertBody replaces the body of the message at hand by what f makes of it.
func convertBody(x *pipeline.Exchange, contentType string, f func(body []byte) ([]byte, error)) error {
	body := x.TargetBody()
	data, err := body.Text()
	if err != nil || len(data) == 0 {
		return err
	}
	out, err := f(data)
	if err != nil {
		status := 500
		if request, _ := x.Target(); request != nil {
			status = 400
		}
		return &pipeline.Fault{Status: status, Reason: reasonBadBody, Message: "The body cannot be converted: " + err.Error() + ".", Cause: err}
	}
	body.SetBytes(out)
	h := x.TargetHeader()
	h.Set("Content-Type", contentType)
	h.Del("Content-Encoding")
	return nil
}

// reasonBadBody is the reason of a body that is not what a policy wants to read; APIM
// documents none.
const reasonBadBody = "MessageBodyInvalid"

func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

func isXML(media string) bool {
	return media == "text/xml" || media == "application/xml" || strings.HasSuffix(media, "+xml")
}

func isJSON(media string) bool {
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// asksFor tells whether an Accept header names a media type that fits, and does not
// refuse it.
func asksFor(lines []string, fits func(media string) bool) bool {
	for _, l := range lines {
		for part := range strings.SplitSeq(l, ",") {
			if fits(mediaType(part)) && !refused(part) {
				return true
			}
		}
	}
	return false
}

// refused tells whether a part of a list has the weight 0.
func refused(part string) bool {
	_, params, _ := strings.Cut(part, ";")
	for p := range strings.SplitSeq(params, ";") {
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
			return strings.Trim(q, "0.") == ""
		}
	}
	return false
}
