package builtins

import (
	"bytes"
	"context"
	"log/slog"

	"sekisho/engine/pipeline"
)

// SendOneWayRequest sends a request of its own and does not wait for the response.
//
//	<send-one-way-request mode="new" timeout="10">
//	  <set-url>https://audit.example.com/events</set-url>
//	  <set-method>POST</set-method>
//	  <set-body>@(context.RequestId.ToString())</set-body>
//	</send-one-way-request>
//
// It takes what send-request takes, but for the variable and ignore-error: whether the
// request arrives is nobody's concern but the log's. It is made before the next policy
// runs and lives on when the client leaves.
//
// Spec: https://learn.microsoft.com/azure/api-management/send-one-way-request-policy
// Ours: at most maxOneWay such requests are under way in a gateway; beyond that they
// are dropped, which the log tells.
var SendOneWayRequest = pipeline.Policy{
	Name:     "send-one-way-request",
	Summary:  "Sends a request of its own and does not wait for the response.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<send-one-way-request mode="new">
  <set-url>https://audit.example.com/events</set-url>
  <set-method>POST</set-method>
  <set-body>@(context.RequestId.ToString())</set-body>
</send-one-way-request>`,
	New: func() pipeline.Step { return new(sendOneWayRequest) },
}

// maxOneWay bounds the requests under way that nobody waits for.
const maxOneWay = 1024

type sendOneWayRequest struct{ outgoing }

func (s *sendOneWayRequest) Run(x *pipeline.Exchange) error {
	r, o, timeout, err := s.make(x)
	if err != nil {
		return err
	}
	log := x.Services.Log.With(slog.String("requestId", x.ID.String()), slog.String("policy", "send-one-way-request"))
	leave, ok := x.Services.Counters.Enter("send-one-way-request", maxOneWay)
	if !ok {
		log.Warn("dropped: too many requests are under way", slog.Int("limit", maxOneWay))
		return nil
	}
	if r.Body.Present() {
		// The bytes may belong to the Exchange, which ends before this request does.
		data, err := r.Body.Buffer()
		if err != nil {
			leave()
			return err
		}
		r.Body.SetBytes(bytes.Clone(data))
	}
	// Not the Exchange's context, nor anything derived from it: that ends with the client.
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	transport := x.Services.Transport
	go func() {
		defer leave()
		defer cancel()
		resp, err := transport.Send(ctx, r, o)
		if err != nil {
			log.Warn("not sent", slog.String("error", err.Error()))
			return
		}
		resp.Body.Clear()
	}()
	return nil
}
