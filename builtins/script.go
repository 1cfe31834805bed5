package builtins

import (
	"time"

	"sekisho/engine/pipeline"
)

// Script runs JavaScript or TypeScript, which can read and change the request and the
// response, set variables, send requests and answer.
//
//	<script>
//	  const user = await fetch("https://users.example.com/me", { timeout: 2000 });
//	  if (user.status !== 200) return { status: 401, body: { error: "unknown user" } };
//	  context.Variables.user = await user.json();
//	</script>
//	<script src="greet.ts" export="onRequest" timeout-ms="200" />
//
// Inline text is the body of a function that gets context; text with import or export
// at the beginning of a line is a module, whose default export is that function. With
// src it is the function that a module of the scripts folder exports, by default its
// default export. The function may be async. If it returns an object with a status, or
// calls context.returnResponse, that is the answer, and no other policy runs.
//
// timeout-ms bounds the time that the function spends computing, 50 ms if it is not
// given; waiting for fetch, timers and bodies does not count, and is bounded by the
// limit for all scripts. What throws or exceeds a bound is a Fault with the reason
// ExpressionValueEvaluationFailure. scripts/sekisho.d.ts describes context for editors.
//
// Ours: Azure API Management has no such policy.
var Script = pipeline.Policy{
	Name:     "script",
	Summary:  "Runs JavaScript or TypeScript that reads and changes the request and the response.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<script>
  const name = context.Request.Url.Query.GetValueOrDefault("name", "stranger");
  context.Request.Headers.set("X-Greeting", "Hello, " + name);
</script>`,
	New: func() pipeline.Step { return new(scriptStep) },
}

type scriptStep struct {
	Src     string `attr:"src"`
	Export  string `attr:"export"`
	Timeout int64  `attr:"timeout-ms" range:"1 10000"`
	Text    string `text:",raw"`

	script *pipeline.Script
}

// Check compiles the script.
func (s *scriptStep) Check(c *pipeline.Check) {
	text := c.Element().Content.View
	inline := text.Trim().S != ""
	if inline == (s.Src != "") {
		c.Errorf(nil, "script-source", `<script> wants either a text inside or the attribute "src"`)
		return
	}
	var e pipeline.Expr
	if inline {
		if s.Export != "" {
			c.Errorf(&s.Export, "script-source", `the attribute "export" of <script> goes with "src"`)
			return
		}
		e = c.Env().Bundle("", text, c.Diags())
	} else {
		if c.Env().Lenient() {
			c.Warnf(&s.Src, "script-not-found", "the module %q is not looked for: the document is checked without its folder", s.Src)
			return
		}
		name := s.Src
		if s.Export != "" {
			name += "#" + s.Export
		}
		e = c.Env().Bundle(name, c.Element().Attr("src").Value.View, c.Diags())
	}
	s.script, _ = e.(*pipeline.Script)
}

func (s *scriptStep) Run(x *pipeline.Exchange) error {
	return s.script.Run(x, time.Duration(s.Timeout)*time.Millisecond)
}
