(function (native, declare) {
  "use strict";
  // Intrinsics as they are before any script runs.
  const { defineProperty, getPrototypeOf } = Object;
  const { apply, construct } = Reflect;
  const { freeze, ownKeys, describe: getOwnPropertyDescriptor } = native; // without their guards
  const NativeDate = Date, NativeBytes = Uint8Array;

  const define = (target, name, value) =>
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });

  // Constructors whose work can be large, behind functions that look at arguments.
  const limit = (name, check) => {
    const inner = globalThis[name];
    const outer = function (...args) {
      check(args);
      if (new.target === undefined) return apply(inner, this, args);
      return construct(inner, args, new.target === outer ? inner : new.target);
    };
    for (const key of ownKeys(inner)) {
      if (key !== "prototype") defineProperty(outer, key, getOwnPropertyDescriptor(inner, key));
    }
    defineProperty(outer, "prototype", { value: inner.prototype, writable: false });
    Object.setPrototypeOf(outer, getPrototypeOf(inner));
    define(inner.prototype, "constructor", outer);
    define(globalThis, name, outer);
  };
  // What check has judged is what the constructor gets.
  limit("RegExp", (args) => {
    const p = args[0];
    if (!native.isRegExp(p)) args[0] = p === undefined ? "(?:)" : String(p);
    if (args[1] !== undefined) args[1] = String(args[1]);
    native.pattern(native.isRegExp(p) ? p.source : args[0], args[1] ?? "");
  });
  limit("Object", () => {});
  limit("Date", (args) => { if (args.length === 1 && typeof args[0] === "string" && args[0].length > 1000) throw new RangeError("the date is too long"); });
  const listed = (list) => {
    const out = [];
    if (list[Symbol.iterator] != null) for (const v of list) out.push(v);
    else for (let i = 0, n = native.length(list); i < n; i++) out.push(list[i]);
    return out;
  };
  const buffers = (size) => (args) => {
    const a = args[0];
    if (a === undefined) return;
    if (typeof a !== "object" && typeof a !== "function" || a === null) native.buffer(args[0] = Number(a), size || 1);
    else if (size === 0) native.buffer(args[0] = Number(a), 1);
    else if (!native.isBuffer(a)) native.buffer((args[0] = native.isTyped(a) ? a : listed(a)).length, size);
  };
  limit("ArrayBuffer", buffers(0));
  for (const name of ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
    "Int32Array", "Uint32Array", "Float32Array", "Float64Array"]) limit(name, buffers(globalThis[name].BYTES_PER_ELEMENT));
  // Proxies of proxies are counted.
  const NativeProxy = Proxy;
  const proxied = function Proxy(target, handler) {
    if (new.target === undefined) throw new TypeError("Constructor Proxy requires 'new'");
    return native.linked(() => new NativeProxy(target, handler), target, handler);
  };
  define(proxied, "revocable", { revocable(target, handler) {
    let r;
    native.linked(() => (r = NativeProxy.revocable(target, handler)).proxy, target, handler);
    return r;
  } }.revocable);
  define(globalThis, "Proxy", proxied);
  // Native code that iterates and calls Array or Error as next reads done of what they make.
  for (const proto of [Array.prototype, Error.prototype]) {
    defineProperty(proto, "done", {
      get() { native.tick(); return undefined; },
      set(value) { defineProperty(this, "done", { value, writable: true, enumerable: true, configurable: true }); },
      enumerable: false, configurable: true,
    });
  }
  define(String, "raw", { raw(strings, ...values) {
    const raw = strings.raw;
    let out = "";
    for (let i = 0, n = Number(raw.length); i < n; i++) {
      out += String(raw[i]);
      if (i + 1 < n && i < values.length) out += String(values[i]);
    }
    return out;
  } }.raw);

  // Text does not become code at run time.
  const refuse = (inner) => {
    const outer = function Function() { throw new EvalError("code cannot be made of text at run time"); };
    defineProperty(outer, "prototype", { value: inner.prototype, writable: false });
    define(inner.prototype, "constructor", outer);
    return outer;
  };
  define(globalThis, "Function", refuse(Function));
  const generator = getPrototypeOf(function* () {}), asynchronous = getPrototypeOf(async function () {});
  refuse({ prototype: generator });
  refuse({ prototype: asynchronous });

  // flat is written here because a native one cannot be interrupted.
  define(Array.prototype, "flat", {
    flat(depth = 1) {
      const out = [];
      const walk = (list, left) => {
        for (let i = 0; i < list.length; i++) {
          if (!(i in list)) continue;
          const item = list[i];
          if (left > 0 && Array.isArray(item)) walk(item, left - 1); else out.push(item);
        }
      };
      walk(this, Number(depth) || 0);
      return out;
    },
  }.flat);

  // What iterates over dictionaries of context, under the names of Headers. The rest of
  // their methods is native.
  const { names, protos } = native;
  const body = protos[protos.length - 1];
  for (let i = 0; i < protos.length - 1; i++) {
    const iteration = {
      keys() { return names(this)[Symbol.iterator](); },
      *entries() { for (const n of names(this)) yield [n, this.get(n)]; },
      *values() { for (const n of names(this)) yield this.get(n); },
      [Symbol.iterator]() { return this.entries(); },
    };
    for (const key of ownKeys(iteration)) define(protos[i], key, iteration[key]);
  }
  define(body, "bytes", { bytes() { return native.bodyBytes(this); } }.bytes);
  define(body, "form", { form() { return new URLSearchParams(native.bodyText(this)); } }.form);

  // What a policy's module exports, and what it throws to say how the request fails.
  define(globalThis, "definePolicy", (declaration) => declaration);
  class Fault extends Error {
    constructor(message, { status, reason } = {}) {
      super(message);
      this.name = "Fault";
      this.status = status;
      this.reason = reason;
    }
  }

  // Encoding.
  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return native.encode(String(text)); }
  }
  class TextDecoder {
    #fatal;
    #ignoreBOM;
    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
      if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(String(label))) throw new RangeError("only utf-8 can be decoded");
      this.#fatal = !!fatal;
      this.#ignoreBOM = !!ignoreBOM;
    }
    get encoding() { return "utf-8"; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#ignoreBOM; }
    decode(bytes) { return bytes === undefined ? "" : native.decode(bytes, this.#fatal, this.#ignoreBOM); }
  }

  define(globalThis, "queueMicrotask", function queueMicrotask(f) {
    if (typeof f !== "function") throw new TypeError("queueMicrotask wants a function");
    Promise.resolve().then(() => f());
  });
  // Plain data, dates, collections and bytes; what is shared stays shared.
  define(globalThis, "structuredClone", function structuredClone(value) {
    const seen = new Map();
    const clone = (v) => {
      if (typeof v === "function" || typeof v === "symbol") throw new TypeError("a function or a symbol cannot be cloned");
      if (typeof v !== "object" || v === null) return v;
      if (seen.has(v)) return seen.get(v);
      const put = (to) => { seen.set(v, to); return to; };
      if (Array.isArray(v)) {
        const list = put([]);
        for (let i = 0; i < v.length; i++) list[i] = clone(v[i]);
        return list;
      }
      if (v instanceof Date) return put(new Date(v.getTime()));
      if (native.isBuffer(v) || native.isTyped(v)) return put(v.slice());
      if (v instanceof Map) { const m = put(new Map()); for (const [k, x] of v) m.set(clone(k), clone(x)); return m; }
      if (v instanceof Set) { const s = put(new Set()); for (const x of v) s.add(clone(x)); return s; }
      if (v instanceof Error) { const e = put(new Error(v.message)); e.name = v.name; return e; }
      if (v instanceof Promise || v instanceof WeakMap || v instanceof WeakSet) throw new TypeError("this object cannot be cloned");
      const o = put({});
      for (const k of Object.keys(v)) o[k] = clone(v[k]);
      return o;
    };
    return clone(value);
  });

  // Addresses.
  const decodeForm = (s) => native.unescape(s.replaceAll("+", " "));
  const parsePairs = (text) => {
    const list = [];
    if (text.startsWith("?")) text = text.slice(1);
    for (const part of text.split("&")) {
      if (part === "") continue;
      const i = part.indexOf("=");
      list.push(i < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, i)), decodeForm(part.slice(i + 1))]);
    }
    return list;
  };
  class URLSearchParams {
    #list = [];
    #changed;
    constructor(init = "") {
      if (typeof init === "function") { // a URL's own
        [this.#list, this.#changed] = init();
      } else if (typeof init === "object" && init !== null) {
        if (init[Symbol.iterator]) for (const [k, v] of init) this.#list.push([String(k), String(v)]);
        else for (const k of Object.keys(init)) this.#list.push([k, String(init[k])]);
      } else this.#list = parsePairs(String(init));
    }
    #update() { if (this.#changed) this.#changed(this.toString()); }
    get size() { return this.#list.length; }
    get(name) { const p = this.#list.find((p) => p[0] === String(name)); return p ? p[1] : null; }
    getAll(name) { return this.#list.filter((p) => p[0] === String(name)).map((p) => p[1]); }
    has(name) { return this.#list.some((p) => p[0] === String(name)); }
    append(name, value) { this.#list.push([String(name), String(value)]); this.#update(); }
    set(name, value) {
      const first = this.#list.findIndex((p) => p[0] === String(name));
      if (first < 0) return this.append(name, value);
      this.#list[first][1] = String(value);
      this.#list = this.#list.filter((p, i) => i <= first || p[0] !== String(name));
      this.#update();
    }
    delete(name) { this.#list = this.#list.filter((p) => p[0] !== String(name)); this.#update(); }
    sort() { this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)); this.#update(); }
    forEach(f, self) { for (const [k, v] of this.#list) apply(f, self, [v, k, this]); }
    *keys() { for (const p of this.#list) yield p[0]; }
    *values() { for (const p of this.#list) yield p[1]; }
    *entries() { for (const p of this.#list) yield [p[0], p[1]]; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#list.map(([k, v]) => native.escapeForm(k) + "=" + native.escapeForm(v)).join("&"); }
  }
  const parts = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
  class URL {
    #p;
    #params;
    constructor(text, base) {
      this.#p = native.parseURL(String(text), base === undefined ? undefined : String(base));
      if (!this.#p) throw new TypeError("Invalid URL: " + String(text));
    }
    static canParse(text, base) { return !!native.parseURL(String(text), base === undefined ? undefined : String(base)); }
    static part(url, name) { return url.#p[name]; }
    static setPart(url, name, value) {
      const next = { ...url.#p, [name]: native.urlPart(name, String(value)) };
      const parsed = native.parseURL(URL.#format(next));
      if (parsed) url.#p = parsed;
      if (name === "search") url.#params = undefined;
    }
    static #format(p) {
      const user = p.username === "" ? "" : p.username + (p.password === "" ? "" : ":" + p.password) + "@";
      return p.protocol + "//" + user + p.hostname + (p.port === "" ? "" : ":" + p.port) + p.pathname + p.search + p.hash;
    }
    get href() { return URL.#format(this.#p); }
    set href(v) { const p = native.parseURL(String(v)); if (!p) throw new TypeError("Invalid URL: " + String(v)); this.#p = p; this.#params = undefined; }
    get origin() { return this.#p.protocol + "//" + this.host; }
    get host() { return this.#p.hostname + (this.#p.port === "" ? "" : ":" + this.#p.port); }
    set host(v) {
      const m = /^([^:]*|\[[^\]]*\])(?::(\d*))?$/.exec(String(v));
      if (m) { setPart(this, "hostname", m[1]); setPart(this, "port", m[2] ?? this.#p.port); }
    }
    get searchParams() {
      return (this.#params ??= new URLSearchParams(() => [parsePairs(this.#p.search), (s) => { this.#p.search = s === "" ? "" : "?" + s; }]));
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
  }
  const { part, setPart } = URL;
  delete URL.part;
  delete URL.setPart;
  for (const name of parts) {
    defineProperty(URL.prototype, name, {
      get() { return part(this, name); },
      set(v) { setPart(this, name, v); },
      enumerable: true, configurable: true,
    });
  }

  // What fetch answers with.
  class Headers {
    #list = [];
    constructor(init) {
      if (init === undefined || init === null) return;
      if (init[Symbol.iterator]) for (const [k, v] of init) this.append(k, v);
      else for (const k of Object.keys(init)) this.append(k, init[k]);
    }
    #find(name) { const n = String(name).toLowerCase(); return this.#list.filter((p) => p[0] === n); }
    get(name) { const f = this.#find(name); return f.length ? f.map((p) => p[1]).join(", ") : null; }
    getAll(name) { return this.#find(name).map((p) => p[1]); }
    has(name) { return this.#find(name).length > 0; }
    append(name, value) { this.#list.push([String(name).toLowerCase(), String(value)]); }
    set(name, value) { this.delete(name); this.append(name, value); }
    delete(name) { const n = String(name).toLowerCase(); this.#list = this.#list.filter((p) => p[0] !== n); }
    forEach(f, self) { for (const [k, v] of this) apply(f, self, [v, k, this]); }
    *keys() { for (const p of this.entries()) yield p[0]; }
    *values() { for (const p of this.entries()) yield p[1]; }
    *entries() {
      const seen = new Set();
      for (const [k] of this.#list) if (!seen.has(k)) { seen.add(k); yield [k, this.get(k)]; }
    }
    [Symbol.iterator]() { return this.entries(); }
  }
  class Response {
    #bytes;
    constructor(status, statusText, headers, bytes, url) {
      this.status = status;
      this.statusText = statusText;
      this.ok = status >= 200 && status <= 299;
      this.headers = new Headers(headers);
      this.url = url;
      this.#bytes = bytes;
    }
    get body() { return this.#bytes; }
    async text() { return native.decode(this.#bytes, false, false); }
    async json() { return JSON.parse(native.decode(this.#bytes, false, false)); }
    async bytes() { return this.#bytes.slice(); }
    async arrayBuffer() { return this.#bytes.slice().buffer; }
  }
  define(globalThis, "fetch", function fetch(url, options = {}) {
    return new Promise((resolve, reject) => {
      const headers = [];
      for (const [k, v] of new Headers(options.headers).entries()) headers.push([k, v]);
      native.fetch(String(url), String(options.method ?? "GET"), headers, options.body, options.timeout, options.redirect,
        (status, reason, fields, bytes) => resolve(new Response(status, reason, fields, bytes, String(url))),
        (message) => reject(new TypeError(message)));
    });
  });
  for (const [name, value] of Object.entries({ Fault, TextEncoder, TextDecoder, URL, URLSearchParams, Headers })) define(globalThis, name, value);

  declare({
    freeze,
    newDate: (ms) => new NativeDate(ms),
    newBytes: (buffer) => new NativeBytes(buffer),
  });

  // A frozen prototype would forbid its heirs to have members of its names: an
  // assignment would fail, as err.name = "x" does. These become accessors that define
  // the member on the heir.
  for (const proto of [Object.prototype, Error.prototype, EvalError.prototype, RangeError.prototype, ReferenceError.prototype,
    SyntaxError.prototype, TypeError.prototype, URIError.prototype, AggregateError.prototype]) {
    for (const key of ownKeys(proto)) {
      const d = getOwnPropertyDescriptor(proto, key);
      if (!("value" in d) || !d.configurable) continue;
      const value = d.value;
      defineProperty(proto, key, {
        get() { return value; },
        set(v) {
          if (this === proto) throw new TypeError("Cannot assign to read only property '" + String(key) + "'");
          defineProperty(this, key, { value: v, writable: true, enumerable: true, configurable: true });
        },
        enumerable: d.enumerable, configurable: true,
      });
    }
  }

  // Nothing that a script does to what it shares with the next one may stay. Of context,
  // nothing can be changed.
  const seen = new Set([context]);
  const queue = [globalThis, generator, asynchronous, ...protos,
    getPrototypeOf(Uint8Array), [][Symbol.iterator](), ""[Symbol.iterator](), new Map().entries(), new Set().values(),
    "a".matchAll(/a/g), generator.prototype, (function* () {})(), Response];
  const visit = (v) => {
    const type = typeof v;
    if ((type === "function" || type === "object" && v !== null) && !seen.has(v)) { seen.add(v); queue[queue.length] = v; }
  };
  for (let i = 0; i < queue.length; i++) {
    const o = queue[i];
    const keys = ownKeys(o);
    // Most objects are functions with a length and a name and nothing else.
    if (!(typeof o === "function" && keys.length === 2 && keys[0] === "length" && keys[1] === "name")) {
      for (let k = 0; k < keys.length; k++) {
        const d = getOwnPropertyDescriptor(o, keys[k]);
        if (d === undefined) continue;
        visit(d.value); visit(d.get); visit(d.set);
      }
    }
    visit(getPrototypeOf(o));
    freeze(o);
  }
})
