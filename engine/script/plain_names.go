package script

import "strings"

// intrinsicNames are the names of all members of intrinsics and of what the prelude
// defines. A member of any other name is of data only.
var intrinsicNames = setOf(`
	+ 0 1 AggregateError Api Array ArrayBuffer BYTES_PER_ELEMENT Backend BigInt BigInt64Array BigUint64Array
	Boolean DataView Date Deployment E EPSILON Elapsed Error EvalError Fault Float32Array Float64Array Function
	GoError Headers Infinity Int16Array Int32Array Int8Array JSON LN10 LN2 LOG10E LOG2E LastError
	MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE Map Math NEGATIVE_INFINITY NaN Number Object Operation
	PI POSITIVE_INFINITY Product Promise Proxy RangeError ReferenceError Reflect RegExp Request RequestId
	Response SQRT1_2 SQRT2 Set String Subscription Symbol SyntaxError TextDecoder TextEncoder Timestamp Trace
	Tracing TypeError URIError URL URLSearchParams UTC Uint16Array Uint32Array Uint8Array Uint8ClampedArray User
	Variables WeakMap WeakSet Workspace __proto__ a abs acos acosh add all allSettled any append apply arguments
	asIntN asUintN asin asinh assign at atan atan2 atanh atob bind btoa buffer byteLength byteOffset call callee
	caller canParse catch cbrt ceil charAt charCodeAt clear clearTimeout clz32 codePointAt compile concat console
	construct constructor context copyWithin cos cosh create crypto debug decode decodeURI decodeURIComponent
	definePolicy defineProperties defineProperty delete deleteProperty description difference done dotAll encode
	encodeURI encodeURIComponent encoding endsWith entries error escape eval every exec exp expm1 fatal fetch
	fill filter finally find findIndex findLast findLastIndex flags flat flatMap floor for forEach freeze from
	fromBase64 fromCharCode fromCodePoint fromEntries fromHex fround get getAll getBigInt64 getBigUint64 getDate
	getDay getFloat32 getFloat64 getFullYear getHours getInt16 getInt32 getInt8 getMilliseconds getMinutes
	getMonth getOwnPropertyDescriptor getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols
	getPrototypeOf getRandomValues getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear
	getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds getUint16 getUint32 getUint8 global
	globalThis groups has hasInstance hasOwn hasOwnProperty hash hmac host hostname href hypot ignoreBOM
	ignoreCase imul includes index indexOf info input intersection is isArray isConcatSpreadable isDisjointFrom
	isError isExtensible isFinite isFrozen isInteger isNaN isPrototypeOf isRawJSON isSafeInteger isSealed
	isSubsetOf isSupersetOf isView iterator join keyFor keys lastIndex lastIndexOf length localeCompare log log10
	log1p log2 map match matchAll max message min multiline name next normalize now of origin ownKeys padEnd
	padStart parse parseFloat parseInt password pathname pop port pow preventExtensions propertyIsEnumerable
	protocol prototype push queueMicrotask race random randomUUID raw rawJSON reduce reduceRight reject repeat
	replace replaceAll resolve return returnResponse reverse revocable round seal search searchParams set
	setBackend setBigInt64 setBigUint64 setDate setFloat32 setFloat64 setFromBase64 setFromHex setFullYear
	setHours setInt16 setInt32 setInt8 setMilliseconds setMinutes setMonth setPrototypeOf setSeconds setTime
	setTimeout setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds
	setUint16 setUint32 setUint8 shift sign sin sinh size slice some sort source species splice split sqrt stack
	startsWith sticky stringify structuredClone subarray substr substring symmetricDifference tan tanh test then
	throw timingSafeEqual toBase64 toDateString toExponential toFixed toHex toISOString toJSON toLocaleDateString
	toLocaleLowerCase toLocaleString toLocaleTimeString toLocaleUpperCase toLowerCase toPrecision toPrimitive
	toReversed toSorted toSpliced toString toStringTag toTimeString toUTCString toUpperCase trim trimEnd trimLeft
	trimRight trimStart trunc undefined unescape unicode union unscopables unshift username valueOf values warn
	with
`)

func setOf(names string) map[string]bool {
	set := map[string]bool{}
	for _, n := range strings.Fields(names) {
		set[n] = true
	}
	return set
}
