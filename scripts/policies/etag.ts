import type { Context } from "sekisho";

/**
 * <etag />: gives answers an ETag made of their body, and answers 304 Not Modified to
 * clients that have that body already. policies/apis/hello.xml uses it.
 */
export default definePolicy({
  name: "etag",
  summary: "Answers 304 Not Modified to clients that have the body already.",
  sections: ["outbound"],
  attributes: {
    algorithm: { type: "enum", values: ["SHA-256", "SHA-512"], default: "SHA-256", summary: "What the tag is made with." },
    weak: { type: "boolean", default: false, summary: "Whether the tag promises the same meaning only, not the same bytes." },
    "cache-control": { type: "string", expressions: true, summary: "Cache-Control of answers that have none." },
  },
  example: `<etag cache-control="private, max-age=60" />`,

  run(context: Context, attributes) {
    const { Request, Response } = context;
    if (Response.StatusCode !== 200 || !["GET", "HEAD"].includes(Request.Method) || Response.Body === null) return;
    const digest = crypto.hash(attributes.algorithm, Response.Body.bytes(), "base64url").slice(0, 27);
    const tag = `${attributes.weak ? "W/" : ""}"${digest}"`;
    Response.Headers.set("ETag", tag);
    if (attributes["cache-control"] && !Response.Headers.has("Cache-Control")) {
      Response.Headers.set("Cache-Control", attributes["cache-control"]);
    }
    if (matches(Request.Headers.get("If-None-Match"), tag)) {
      Response.Headers.delete("Content-Type");
      return { status: 304, headers: Response.Headers };
    }
  },
});

/** Whether a list of tags, or "*", has the tag; weak or not does not matter here. */
function matches(list: string | null, tag: string): boolean {
  if (list === null) return false;
  const opaque = (t: string) => t.trim().replace(/^W\//, "");
  return list.trim() === "*" || list.split(",").some((t) => opaque(t) === opaque(tag));
}
