import type { Context } from "sekisho";

/** Adds when and by whom the greeting was given; policies/apis/hello.xml runs it. */
export default function (context: Context) {
  const answer = context.Response.Body.json();
  answer.by = `${context.Api.Name} at ${context.Deployment.ServiceName}`;
  answer.at = context.Timestamp;
  context.Response.Body = answer;
}
