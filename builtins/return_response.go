package builtins

import "sekisho/engine/pipeline"

// ReturnResponse answers the request now: an empty 200 changed by the policies inside.
//
//	<return-response response-variable-name="existing">
//	  <set-status code="401" reason="Unauthorized" />
//	  <set-header name="WWW-Authenticate"><value>Bearer</value></set-header>
//	  <set-body>{"error": "no token"}</set-body>
//	</return-response>
//
// With response-variable-name it starts from the response in that variable, which a
// send-request put there. No other policy runs, outbound included.
//
// Spec: https://learn.microsoft.com/azure/api-management/return-response-policy
// Ours: a variable that holds no response (a send-request with ignore-error failed,
// say) is a Fault. The body of the response in the variable is handed over: it is
// empty if an expression read it without preserveContent. Headers of its connection
// stay behind.
var ReturnResponse = pipeline.Policy{
	Name:     "return-response",
	Summary:  "Answers the request now.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<return-response>
  <set-status code="401" reason="Unauthorized" />
  <set-header name="WWW-Authenticate" exists-action="override">
    <value>Bearer</value>
  </set-header>
  <set-body>{"error": "no token"}</set-body>
</return-response>`,
	New: func() pipeline.Step { return new(returnResponse) },
}

type returnResponse struct {
	Variable string            `attr:"response-variable-name"`
	Steps    pipeline.Pipeline `steps:"set-status set-header set-body"`
}

func (r *returnResponse) Run(x *pipeline.Exchange) error {
	resp := pipeline.NewResponse(x.BodyLimit)
	if r.Variable != "" {
		v, _ := x.Var(r.Variable)
		from, ok := pipeline.ResponseOf(v)
		if !ok {
			return badValue("The variable %q holds no response.", r.Variable)
		}
		resp.Status, resp.Reason = from.Status, from.Reason
		resp.Header.CopyFrom(&from.Header)
		for _, h := range ownHeaders {
			resp.Header.Del(h)
		}
		if from != &x.Response {
			moveBody(&resp.Body, &from.Body)
		}
	}
	if err := x.With(nil, resp, &r.Steps); err != nil {
		return err
	}
	respondWith(x, resp)
	return pipeline.Respond
}

// respondWith makes resp, which is not used any more, the answer.
func respondWith(x *pipeline.Exchange, resp *pipeline.Response) {
	x.Response.Status, x.Response.Reason = resp.Status, resp.Reason
	x.Response.Header.CopyFrom(&resp.Header)
	x.Response.Trailer.Reset()
	moveBody(&x.Response.Body, &resp.Body)
}

// moveBody makes the body of one message that of another.
func moveBody(to, from *pipeline.Body) {
	if !from.Present() {
		to.Clear()
		return
	}
	if data, stream, length := from.Take(); stream != nil {
		to.SetStream(stream, length)
	} else {
		to.SetBytes(data)
	}
}
