// What scripts of Sekisho see: expressions @js(…) and @js{…} in policy documents,
// inline <script> policies, and the modules of this folder.
//
// Editors complete `context` and everything else here if the folder has a
// jsconfig.json or tsconfig.json with { "compilerOptions": { "lib": ["ES2022"],
// "strict": true }, "include": ["**/*"] }.
//
// The names of `context` are those of Azure API Management; members in lower case are
// Sekisho's. Modules in the folder policies declare policies of their own; see
// definePolicy. Nothing that a script does to globals or prototypes works: they are
// frozen. There are no files, no environment, no eval, and no BigInt.

/** Several values under each name: headers, query parameters. Names compare without regard to case. */
interface MultiValues extends Iterable<[string, string]> {
  /** The values joined by ",", or `fallback`, null if none is given. */
  GetValueOrDefault(name: string, fallback: string): string;
  GetValueOrDefault(name: string): string | null;
  ContainsKey(name: string): boolean;
  readonly Count: number;
  /** Headers: the values joined by ", ". Query parameters: the first value. null if there is none. */
  get(name: string): string | null;
  /** All values, an empty array if there are none. */
  getAll(name: string): string[];
  has(name: string): boolean;
  keys(): Iterator<string> & Iterable<string>;
  values(): Iterable<string>;
  entries(): Iterable<[string, string]>;
  forEach(f: (value: string, name: string) => void): void;
  /** The values under a name that is no method's: `Headers["Accept"][0]`. */
  readonly [name: string]: any;
}

/** A dictionary that may be changed; assigning and deleting a member work too. */
interface MutableMultiValues extends MultiValues {
  /** Replaces all values of the name; an array gives several. */
  set(name: string, value: string | number | boolean | string[]): void;
  /** Adds to the values of the name. */
  append(name: string, value: string | number | boolean | string[]): void;
  /** Removes all values of the name. */
  delete(name: string): void;
  [name: string]: any;
}

/** One value under each name. */
interface Values extends Iterable<[string, string]> {
  GetValueOrDefault(name: string, fallback: string): string;
  GetValueOrDefault(name: string): string | null;
  ContainsKey(name: string): boolean;
  readonly Count: number;
  get(name: string): string | null;
  has(name: string): boolean;
  readonly [name: string]: any;
}

/**
 * The variables of the request. Reading gives plain data: a JObject that set-variable
 * or a C# expression made is a copy, and changing the copy changes nothing. Assigning
 * sets the variable: a whole number is an int for C# (a long if it does not fit), any
 * other number a double, an object or an array a JObject or JArray, a Date a DateTime,
 * a Uint8Array a byte[]. Functions and promises cannot be assigned.
 */
interface Variables extends Iterable<[string, any]> {
  GetValueOrDefault<T = any>(name: string, fallback: T): T;
  GetValueOrDefault<T = any>(name: string): T | null;
  ContainsKey(name: string): boolean;
  readonly Count: number;
  get(name: string): any;
  set(name: string, value: any): void;
  has(name: string): boolean;
  keys(): Iterator<string> & Iterable<string>;
  [name: string]: any;
}

/** A message's body, decoded from its Content-Encoding. Reading it never uses it up. */
interface Body {
  text(): string;
  /** The body parsed as JSON; throws SyntaxError if it is none. */
  json(): any;
  bytes(): Uint8Array;
  /** The body parsed as a form (application/x-www-form-urlencoded). */
  form(): URLSearchParams;
}

/**
 * What a body may be set to: null removes it, texts and bytes stand as they are, other
 * objects become JSON, with Content-Type application/json if the message has none.
 */
type BodyValue = string | Uint8Array | ArrayBuffer | URLSearchParams | object | null;

interface Url {
  readonly Scheme: string;
  readonly Host: string;
  readonly Port: number;
  /** Raw, percent-encoded, with its leading slash. */
  readonly Path: string;
  /** Raw, with its leading "?", or "". */
  readonly QueryString: string;
  readonly Query: MultiValues;
  toString(): string;
  ToString(): string;
}

/** The URL as the backend will get it. */
interface MutableUrl {
  readonly Scheme: string;
  readonly Host: string;
  readonly Port: number;
  /** May be assigned: raw, percent-encoded, beginning with a slash. */
  Path: string;
  /** May be assigned, with or without its leading "?". */
  QueryString: string;
  readonly Query: MutableMultiValues;
  toString(): string;
  ToString(): string;
}

interface Certificate {
  readonly Subject: string;
  readonly Issuer: string;
  /** SHA-1 of the certificate, in upper-case hexadecimal digits. */
  readonly Thumbprint: string;
  readonly SerialNumber: string;
  readonly NotBefore: Date;
  readonly NotAfter: Date;
  readonly HasPrivateKey: boolean;
}

interface GatewayRequest {
  Method: string;
  readonly Url: MutableUrl;
  /** The URL as the client sent it. */
  readonly OriginalUrl: Url;
  readonly IpAddress: string;
  readonly Headers: MutableMultiValues;
  /** The parameters of the operation's URL template. */
  readonly MatchedParameters: Values;
  /** null if the request has none. May be assigned. */
  get Body(): Body | null;
  set Body(value: BodyValue);
  /** The client's certificate, null if it presented none. */
  readonly Certificate: Certificate | null;
}

interface GatewayResponse {
  /** Assigning a code resets the reason to its usual phrase. */
  StatusCode: number;
  StatusReason: string;
  readonly Headers: MutableMultiValues;
  /** null if the response has none. May be assigned. */
  get Body(): Body | null;
  set Body(value: BodyValue);
}

interface Group { readonly Id: string; readonly Name: string }

interface Api {
  readonly Id: string;
  readonly Name: string;
  readonly Path: string;
  readonly Protocols: string[];
  readonly ServiceUrl: Url | null;
  readonly SubscriptionKeyParameterNames: { readonly Header: string | null; readonly Query: string | null };
  readonly IsCurrentRevision: boolean;
  readonly Revision: string | null;
  readonly Version: string | null;
}

interface Product {
  readonly Id: string;
  readonly Name: string;
  readonly State: "Published" | "NotPublished";
  readonly ApprovalRequired: boolean;
  readonly SubscriptionRequired: boolean;
  readonly SubscriptionsLimit: number | null;
  readonly SubscriptionLimit: number | null;
  readonly Groups: Group[];
  readonly Apis: Pick<Api, "Id" | "Name" | "Path" | "Protocols">[];
}

interface Subscription {
  readonly Id: string;
  readonly Name: string | null;
  /** The key that the request carries. */
  readonly Key: string;
  readonly PrimaryKey: string;
  readonly SecondaryKey: string | null;
  readonly CreatedDate: Date;
  readonly CreatedTime: Date;
  readonly StartDate: Date | null;
  readonly EndDate: Date | null;
}

interface User {
  readonly Id: string;
  readonly Email: string | null;
  readonly FirstName: string | null;
  readonly LastName: string | null;
  readonly Note: string | null;
  readonly RegistrationDate: Date;
  readonly Groups: Group[];
  readonly Identities: { readonly Id: string; readonly Provider: string }[];
}

interface LastError {
  /** The policy that failed. */
  readonly Source: string | null;
  readonly Reason: string | null;
  readonly Message: string | null;
  readonly Scope: string | null;
  readonly Section: string | null;
  readonly Path: string | null;
  readonly PolicyId: string | null;
  readonly HttpErrorCode: number;
}

/** A response that a script gives. An answer of fetch is one too. */
interface Answer {
  /** 200 if it is not given. */
  status?: number;
  /** The usual phrase of the status if it is not given. */
  reason?: string;
  headers?: Record<string, string | string[]> | [string, string][] | Headers | MultiValues;
  body?: BodyValue;
}

/** The request in flight. */
interface Context {
  readonly RequestId: string;
  /** When the request came in. */
  readonly Timestamp: Date;
  /** Milliseconds since then. */
  readonly Elapsed: number;
  readonly Tracing: boolean;
  /** Adds a message to the request's trace. */
  Trace(message: any): void;

  readonly Api: Api;
  readonly Operation: { readonly Id: string | null; readonly Name: string | null; readonly Method: string | null; readonly UrlTemplate: string | null };
  /** null outside of a product. */
  readonly Product: Product | null;
  /** null where no key was used. */
  readonly Subscription: Subscription | null;
  /** null where the subscription has no owner. */
  readonly User: User | null;
  readonly Deployment: {
    readonly GatewayId: string;
    readonly Region: string | null;
    readonly ServiceName: string | null;
    readonly ServiceId: string | null;
    readonly Gateway: { readonly Id: string; readonly InstanceId: string | null; readonly IsManaged: boolean };
    readonly Certificates: Readonly<Record<string, Certificate>>;
  };
  /** The backend chosen by its id, null if none is. */
  readonly Backend: { readonly Id: string; readonly AzureRegion: string | null; readonly Type: "Single" | "Pool" } | null;
  readonly Workspace: { readonly Id: string; readonly Name: string } | null;
  /** What failed, null unless something did. */
  readonly LastError: LastError | null;

  readonly Request: GatewayRequest;
  /** Reads as an empty 200 before there is a response. */
  readonly Response: GatewayResponse;
  readonly Variables: Variables;

  /** Sends the request elsewhere: to a URL, which replaces scheme, host and base path, or to a backend by its id. */
  setBackend(target: string | URL | { id: string }): void;
  /**
   * Answers the request with this response once the script has ended; no other policy
   * runs. In <script> only. Returning an object with a status does the same.
   */
  returnResponse<T extends Answer>(response: T): T;
}

declare const context: Context;

/** An attribute that a declared policy takes, or its text. */
interface AttributeDeclaration {
  /**
   * What run gets: a string, a number, true or false, one of values, or for "any" the
   * value of an expression as it is. "string" if it is not given.
   */
  type?: "string" | "number" | "boolean" | "enum" | "any";
  /** One sentence for who writes documents. */
  summary?: string;
  /** The words that an enum takes. */
  values?: readonly string[];
  /** Documents that leave it out are refused. */
  required?: boolean;
  /** Stands for an attribute that is left out; without it run gets undefined. */
  default?: string | number | boolean;
  /** Whether @(…), @{…}, @js(…) and @js{…} may stand in it. */
  expressions?: boolean;
  /** Its value is never shown. */
  secret?: boolean;
  /** The least and the greatest number. */
  min?: number;
  max?: number;
}

type Declared<A extends AttributeDeclaration> =
  A["type"] extends "number" ? number :
  A["type"] extends "boolean" ? boolean :
  A["type"] extends "enum" ? (A["values"] extends readonly (infer V)[] ? V : string) :
  A["type"] extends "any" ? any : string;

/** What run gets for what is declared. */
type Attributes<A extends Record<string, AttributeDeclaration>> = {
  readonly [K in keyof A]: A[K] extends { required: true } | { default: any } ? Declared<A[K]> : Declared<A[K]> | undefined;
};

/** A policy that documents use as an element, like those that are built in. */
interface PolicyDeclaration<A extends Record<string, AttributeDeclaration> = {}> {
  /** The element's name: words in lower case joined by hyphens, none that is built in. */
  name: string;
  /** One sentence on what it does. */
  summary?: string;
  /** How it is written, for who reads about it. */
  example?: string;
  /** Where it may stand; everywhere if it is not given. */
  sections?: readonly ("inbound" | "backend" | "outbound" | "on-error")[];
  /** The documents it may stand in; all if it is not given. */
  scopes?: readonly ("global" | "workspace" | "product" | "api" | "operation")[];
  /** At most once in a section. */
  once?: boolean;
  attributes?: A;
  /** The text inside of the element; run gets it as attributes.text. */
  text?: AttributeDeclaration;
  /**
   * Runs for each request. It may be async. Returning an object with a status answers
   * the request, as in <script>; throwing fails it, see Fault.
   */
  run(context: Context, attributes: Attributes<A> & { readonly text?: any }): Answer | void | Promise<Answer | void>;
}

/**
 * Declares a policy: the default export of a module in the folder policies.
 *
 *     export default definePolicy({
 *       name: "greet",
 *       attributes: { name: { type: "string", required: true, expressions: true } },
 *       run(context, { name }) { context.Request.Headers.set("X-Greeting", `Hello, ${name}`); },
 *     });
 *
 * The module runs once while it is loaded, without a request, and anew for each request
 * after that: its variables live as long as one run.
 */
declare function definePolicy<const A extends Record<string, AttributeDeclaration> = {}>(declaration: PolicyDeclaration<A>): PolicyDeclaration<A>;

/**
 * Fails the request with a status of one's own, 500 if none is given. reason is what
 * context.LastError.Reason says. The client reads the message of a status below 500.
 */
declare class Fault extends Error {
  constructor(message: string, options?: { status?: number; reason?: string });
  readonly status?: number;
  readonly reason?: string;
}

interface FetchOptions {
  /** GET if it is not given. */
  method?: string;
  headers?: Record<string, string> | [string, string][] | Headers;
  body?: BodyValue;
  /** Milliseconds up to the end of the answer's body; at most the limit for the script. */
  timeout?: number;
  /** "follow", the default, follows up to ten redirects. */
  redirect?: "follow" | "manual";
}

interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  /** The status is from 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  readonly url: string;
  readonly body: Uint8Array;
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * Sends a request. It rejects with a TypeError if there is no answer; an answer with an
 * error status is an answer. Loopback and link-local addresses are refused unless the
 * gateway allows the host. Time spent waiting does not count as the script's.
 */
declare function fetch(url: string | URL, options?: FetchOptions): Promise<FetchResponse>;

declare class Headers implements Iterable<[string, string]> {
  constructor(init?: Record<string, string> | Iterable<[string, string]>);
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  forEach(f: (value: string, name: string, headers: Headers) => void): void;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

/** Writes to the gateway's log, with the request's id. */
declare const console: {
  debug(...values: any[]): void;
  log(...values: any[]): void;
  info(...values: any[]): void;
  warn(...values: any[]): void;
  error(...values: any[]): void;
};

/** Base64 of a text whose characters are bytes (up to U+00FF). */
declare function btoa(text: string): string;
declare function atob(base64: string): string;

declare class TextEncoder {
  readonly encoding: "utf-8";
  encode(text?: string): Uint8Array;
}
/** Decodes UTF-8. */
declare class TextDecoder {
  constructor(label?: "utf-8" | "utf8", options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: Uint8Array | ArrayBuffer): string;
}

/** An absolute URL with a host. */
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string | URL, base?: string | URL): boolean;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  readonly searchParams: URLSearchParams;
  toString(): string;
  toJSON(): string;
}

declare class URLSearchParams implements Iterable<[string, string]> {
  constructor(init?: string | Record<string, string> | Iterable<[string, string]>);
  readonly size: number;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  append(name: string, value: string): void;
  set(name: string, value: string): void;
  delete(name: string): void;
  sort(): void;
  forEach(f: (value: string, name: string, params: URLSearchParams) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

type HashAlgorithm = "MD5" | "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
type HashEncoding = "hex" | "base64" | "base64url";
/** A text stands for its UTF-8. */
type Octets = string | Uint8Array | ArrayBuffer;

declare const crypto: {
  hash(algorithm: HashAlgorithm, data: Octets): Uint8Array;
  hash(algorithm: HashAlgorithm, data: Octets, encoding: HashEncoding): string;
  hmac(algorithm: HashAlgorithm, key: Octets, data: Octets): Uint8Array;
  hmac(algorithm: HashAlgorithm, key: Octets, data: Octets, encoding: HashEncoding): string;
  /** Compares in a time that does not depend on where they differ. */
  timingSafeEqual(a: Octets, b: Octets): boolean;
  randomUUID(): string;
  getRandomValues<T extends ArrayBufferView>(array: T): T;
};

/** Calls f later, while the script is still waiting for something. */
declare function setTimeout(f: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;
declare function clearTimeout(id: number): void;
