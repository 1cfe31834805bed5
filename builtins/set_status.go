package builtins

import (
	"strings"

	"sekisho/engine/pipeline"
)

// SetStatus sets the status of the response.
//
//	<set-status code="404" reason="Not Found" />
//
// In inbound and backend it changes the response that there is, an empty 200 before a
// backend has answered; a backend's answer replaces it.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-status-policy
// Ours: reason is required by the page and missing in many documents: without it the
// usual phrase of the code is sent. A code outside 200 to 999 is a Fault: codes below
// 200 are not answers.
var SetStatus = pipeline.Policy{
	Name:     "set-status",
	Summary:  "Sets the status code and the reason of the response.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<set-status code="404" reason="Not Found" />`,
	New:      func() pipeline.Step { return new(setStatus) },
}

type setStatus struct {
	Code   pipeline.Int    `attr:"code,required" range:"200 999"`
	Reason pipeline.String `attr:"reason"`
}

func (s *setStatus) Run(x *pipeline.Exchange) error {
	code, err := s.Code.Get(x)
	if err != nil {
		return err
	}
	if code < 200 || code > 999 {
		return badValue("The computed status code is not from 200 to 999.")
	}
	reason, err := s.Reason.Get(x)
	if err != nil {
		return err
	}
	_, response := x.Target()
	if response == nil {
		response = &x.Response
	}
	response.Status, response.Reason = int(code), oneLine(reason)
	return nil
}

// oneLine makes a text fit for a status line: control characters become blanks.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}
